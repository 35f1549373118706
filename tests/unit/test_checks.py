"""Which check says most about a verdict."""

from __future__ import annotations

import pytest

from dlbench.checks import find_worst
from dlbench.record import Check


def check(name: str, difference: float | str | None, bound: float | None) -> Check:
    return Check(name=name, status="passed", difference=difference, bound=bound)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "worst",
    [
        check("nearest", 0.5, 1.0),
        check("beyond", 3.0, 1.0),
        check("no number", "nan", 1.0),
        check("without end", "inf", 1.0),
        check("no room", 10.0, 0.0),
    ],
)
def test_the_worst_check_is_the_nearest_to_its_bound(worst: Check) -> None:
    others = [check("shapes", 0.0, 0.0), check("small", 0.01, 1.0), check("none", None, None)]
    assert find_worst([*others, worst]) == worst
    assert find_worst([worst, *others]) == worst


def test_without_checks_there_is_none() -> None:
    assert find_worst([]) is None
