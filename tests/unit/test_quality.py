"""Whether what was learnt is as good as it is known to become."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from comparisons import cells, rows, tables
from epoch_runs import KNOWN, make_epochs

from dlbench.job import Number
from dlbench.quality import describe_quality
from dlbench.record import Record
from dlbench.scenario import Known
from dlbench.summary import summarize


def judge(*records: Record) -> list[str]:
    return describe_quality([summarize(record) for record in records])


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ([0.9, 0.9, 0.97], "accuracy as known"),
        ([0.9, 0.9, 0.98], "accuracy as known"),
        (
            [0.9, 0.975, 0.9699],
            "accuracy below what is known: 0.9699, known 0.97 to 0.98",
        ),
        ([0.9, 0.9, 0.991], "accuracy above what is known: 0.991, known 0.97 to 0.98"),
        ([0.9, 0.9, "nan"], "accuracy below what is known: nan, known 0.97 to 0.98"),
        # What comes after the epochs of which it is known says nothing.
        ([0.9, 0.9, 0.975, 0.99], "accuracy as known"),
    ],
)
def test_accuracy_is_held_against_what_is_known(accuracies: Sequence[Number], words: str) -> None:
    assert judge(make_epochs("a1", accuracies)) == [words]


def test_a_run_that_was_cut_short_says_nothing() -> None:
    assert judge(make_epochs("a1", [0.9, 0.9])) == []
    assert judge(make_epochs("a1", [0.9, 0.9, 0.9], steps_per_epoch=60)) == []
    assert judge(make_epochs("a1", [0.9, 0.9, 0.9], known=None)) == []
    assert describe_quality([]) == []


def test_of_several_runs_the_median_counts() -> None:
    records = [make_epochs(f"a{last}", [0.9, 0.9, last]) for last in (0.5, 0.975, 0.976)]
    assert judge(*records) == ["accuracy as known"]


def test_a_loss_is_known_from_above() -> None:
    known = Known(epochs=2, loss=(None, 0.45))
    assert judge(make_epochs("a1", [0.5, 0.5], known=known)) == [
        "loss above what is known: 0.5, known at most 0.45"
    ]
    at_least = Known(epochs=2, accuracy=(0.6, None), loss=(0.4, 0.5))
    assert judge(make_epochs("a1", [0.5, 0.5], known=at_least)) == [
        "accuracy below what is known: 0.5, known at least 0.6",
        "loss as known",
    ]


def test_compare_marks_it() -> None:
    good = make_epochs("a1", [0.9, 0.9, 0.975])
    bad = make_epochs("b1", [0.9, 0.9, 0.9], framework="tensorflow")
    (table,) = tables([good, bad], metric="accuracy")
    found = rows(table)
    assert found["torch"]["marks"] == "accuracy as known"
    said = "accuracy below what is known: 0.9, known 0.97 to 0.98"
    assert found["tensorflow"]["marks"] == said


def test_what_is_known_bars_nobody() -> None:
    records = [
        make_epochs(f"{name}{number}", [0.9, 0.9, last], framework=name, round=number)
        for name, last in (("torch", 0.9), ("tensorflow", 0.975))
        for number in range(1, 6)
    ]
    (table,) = tables(records)
    assert "barred" not in cells(table, "rank")


def test_a_pivot_keeps_rows_together_that_learnt_differently() -> None:
    good = make_epochs("a1", [0.9, 0.9, 0.975])
    bad = make_epochs("b1", [0.9, 0.9, 0.9], framework="tensorflow")
    (table,) = tables([good, bad], by="framework")
    (marks,) = cells(table, "marks")
    assert marks == (
        "torch: accuracy as known; "
        "tensorflow: accuracy below what is known: 0.9, known 0.97 to 0.98"
    )
    (alike,) = tables([good, msgspec.structs.replace(bad, result=good.result)], by="framework")
    assert cells(alike, "marks") == ["accuracy as known"]


def test_the_judgement_is_of_what_the_record_knew() -> None:
    summary = summarize(make_epochs("a1", [0.9, 0.9, 0.975]))
    assert summary.conditions.known == KNOWN
