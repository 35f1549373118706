"""The gate of continuous integration: what is kept, what shuts it, what is undecided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from comparisons import make_rounds, make_run
from records import make_cell, make_failure

from dlbench.compare import Question, judge
from dlbench.errors import SlowerError
from dlbench.gate import Check, check_lines, enforce
from dlbench.record import Record
from dlbench.summary import summarize

NOISE = (1.0, 1.002, 0.998, 1.001, 0.999, 1.0)
OTHER = (1.002, 1.0, 1.0, 0.999, 0.999, 1.0)


def check(records: Sequence[Record], limit: float = 0.05, **question: Any) -> list[Check]:
    runs = sorted(map(summarize, records), key=lambda run: (run.started, run.run_id))
    return check_lines(judge(runs, Question(baseline="torch", **question)), limit)


def against(step: float, **changes: Any) -> list[Record]:
    return make_rounds("torch", 1.0, NOISE) + make_rounds("tensorflow", step, OTHER, **changes)


@pytest.mark.parametrize(
    ("step", "answer"),
    [(0.5, "kept"), (0.9, "kept"), (1.0, "kept"), (1.02, "kept"), (1.1, "slower"), (2, "slower")],
)
def test_a_row_is_slower_only_where_that_is_proven(step: float, answer: str) -> None:
    (found,) = check(against(step))
    assert found.answer == answer
    assert found.words.startswith(f"tensorflow-2.21.0 / torch-2.13.0 {step:.1f}")


def test_between_there_is_not_enough_data() -> None:
    (found,) = check(against(1.05))
    assert found.answer == "undecided"
    assert "not enough data (" in found.words


def test_of_what_more_is_better_less_is_slower() -> None:
    (found,) = check(against(1.2), metric="items_per_second")
    assert found.answer == "slower"
    (found,) = check(against(0.8), metric="items_per_second")
    assert found.answer == "kept"


def test_the_gate_is_shut_by_one_slow_row() -> None:
    records = against(1.0) + make_rounds("jax", 1.3, OTHER)
    with pytest.raises(SlowerError) as caught:
        enforce(check(records), 0.05, strict=False)
    assert caught.value.message == "1 of 2 rows are slower than the baseline by more than 5 %"
    assert caught.value.hint.startswith("jax-1.0 / torch-2.13.0 1.30")
    assert caught.value.exit_code == 13


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make_failure("x1", "oom", "missing", cell=make_cell("numpy")), "numpy-2.4.6: no figure"),
        (
            make_run("x1", 9.0, "numpy", result={"audit": {"losses": {"passed": False}}}),
            "numpy-2.4.6: barred",
        ),
        (make_run("x1", 9.0, "numpy"), "numpy-2.4.6 / torch-2.13.0 9.000: not enough data"),
    ],
)
def test_what_cannot_be_told_is_said_and_fails_where_it_is_strict(
    record: Record, words: str
) -> None:
    checks = check([*against(1.0), record])
    (line,) = enforce(checks, 0.05, strict=False)
    assert line.startswith(f"not shown to be slower by 5 % at most: {words}")
    with pytest.raises(SlowerError, match="1 of 2 rows are not shown") as caught:
        enforce(checks, 0.05, strict=True)
    assert caught.value.hint.startswith(words)


def test_a_strict_gate_refuses_rows_that_are_unequal() -> None:
    one = {"settings": {"finished": {"threads": 1}}}
    (found,) = check(against(0.5, result=one), strict=True)
    assert found.answer == "undecided"
    assert found.words == "tensorflow-2.21.0: refused (unequal: threads)"


def test_a_gate_that_checks_nothing_is_shut() -> None:
    with pytest.raises(SlowerError, match="there is no row to hold against the baseline"):
        enforce(check(make_rounds("torch", 1.0, NOISE)), 0.05, strict=False)
