"""When a warm-up ends, and the reason that is kept."""

from __future__ import annotations

from typing import Any

import pytest

from dlbench.worker import warmup

SETTLING = {"settle": 0.05, "window": 2, "at_most": 8, "at_least": 3, "seconds": 60.0}


def warm_up(steps: list[float], skipped: int = 1, **changes: Any) -> tuple[int, str | None]:
    """Return after how many ``steps``, given in seconds, it ends, and why."""
    trials = {**SETTLING, **changes}
    for done in range(1, len(steps) + 1):
        reason = warmup.ends(trials, steps[:done], sum(steps[:done]), skipped)
        if reason:
            return done, reason
    return len(steps), None


def test_it_ends_when_two_windows_agree() -> None:
    assert warm_up([9.0, 2.0, 1.5, 1.0, 1.0, 1.0, 1.01]) == (7, "settled")
    assert warm_up([9.0, 1.0, 1.0, 1.0, 1.0]) == (5, "settled")


def test_the_first_step_of_a_build_is_in_no_window() -> None:
    steady = [1.0] * 8
    assert warm_up(steady, skipped=1) == (5, "settled")
    assert warm_up(steady, skipped=0) == (4, "settled")


def test_three_steps_are_the_least() -> None:
    assert warm_up([1.0] * 8, skipped=0, window=1) == (3, "settled")


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, (8, "steps")),
        ({"seconds": 20.0}, (4, "seconds")),
        ({"seconds": 0.0}, (3, "seconds")),
        ({"settle": 0.8}, (5, "settled")),
    ],
)
def test_what_never_settles_ends_at_a_cap(changes: Any, ended: tuple[int, str]) -> None:
    assert warm_up([8.0, 6.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125], **changes) == ended


@pytest.mark.parametrize(
    ("trials", "ended"),
    [
        ({"at_most": 2, "at_least": 2}, (2, "exact")),
        ({"at_most": 5, "at_least": 2, "seconds": 3.0}, (3, "seconds")),
        ({"at_most": 2, "at_least": 2, "seconds": 3.0}, (2, "steps")),
    ],
)
def test_without_a_test_the_number_or_the_time_ends_it(
    trials: dict[str, Any], ended: tuple[int, str]
) -> None:
    assert warm_up([1.0] * 6, settle=None, **{"seconds": None, **trials}) == ended


def test_what_is_kept() -> None:
    steps = [9.0, 2.0, 2.0, 1.0, 1.0]
    facts = warmup.describe(SETTLING, steps, "steps", 1)
    assert facts == {
        "steps": 5, "reason": "steps", "settle": 0.05, "window": 2, "difference": 0.5
    }  # fmt: skip
    assert warmup.describe({"at_most": 0}, [], "exact", 1) == {"steps": 0, "reason": "exact"}
    assert warmup.describe(SETTLING, steps[:3], "seconds", 1)["difference"] is None
