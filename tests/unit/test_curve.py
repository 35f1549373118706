"""What the epochs of a run say together, as tables show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from comparisons import cells, make_run, rows, tables
from epoch_runs import make_epochs

from dlbench.metrics import METRICS
from dlbench.record import Record
from dlbench.scenario import Known
from dlbench.summary import summarize
from dlbench.tables import Missing, Quantity, render


def time_to(records: Sequence[Record], target: float | None = None) -> dict[str, Any]:
    (table,) = tables(records, metric="time_to_accuracy", target=target)
    return {name: row["time_to_accuracy"] for name, row in rows(table).items()}


def test_it_is_the_training_up_to_the_first_epoch_that_reaches_the_target() -> None:
    record = make_epochs("a1", [0.9, 0.96, 0.95, 0.97], [5.0, 3.0, 2.0, 2.0])
    assert time_to([record], 0.96)["torch"].value == 8.0
    assert time_to([record], 0.961)["torch"].value == 12.0
    assert time_to([record], 0.1)["torch"].value == 5.0


def test_a_target_that_was_not_reached_has_no_time() -> None:
    record = make_epochs("a1", [0.9, 0.9612, 0.95])
    said = "0.98 not reached: best 0.9612 in 3 epochs"
    assert time_to([record], 0.98)["torch"] == Missing(reason=said)


def test_a_run_that_did_not_reach_it_is_not_left_out_of_the_median() -> None:
    records = [
        make_epochs(f"a{number}", [0.9, last], round=number)
        for number, last in enumerate((0.98, 0.979, 0.981), start=1)
    ]
    said = "0.98 reached by 2 of 3 runs only"
    assert time_to(records, 0.98)["torch"] == Missing(reason=said)
    assert time_to(records, 0.979)["torch"].value == 4.0


def test_without_a_target_it_is_the_least_that_is_known() -> None:
    record = make_epochs("a1", [0.9, 0.96, 0.97])
    assert time_to([record])["torch"].value == 6.0
    unknown = make_epochs("b1", [0.9, 0.96], framework="numpy", known=None)
    only_loss = make_epochs("c1", [0.9], framework="jax", known=Known(epochs=1, loss=(None, 1.0)))
    found = time_to([record, unknown, only_loss])
    assert found["numpy"] == Missing(reason="no target: name one with --target")
    assert found["jax"] == found["numpy"]


def test_a_run_without_epochs_measured_none_of_it() -> None:
    assert time_to([make_run("a1")], 0.9)["torch"] == Missing(reason="not measured")
    summary = summarize(make_run("a1"))
    assert METRICS["train"].read(summary) is None
    assert METRICS["best_accuracy"].read(summary) is None


def test_the_title_says_the_target() -> None:
    (table,) = tables([make_epochs("a1", [0.99])], metric="time_to_accuracy", target=0.98)
    assert table.title == "tiny: time to accuracy 0.98"


def test_training_is_all_epochs_without_evaluation() -> None:
    (table,) = tables([make_epochs("a1", [0.9, 0.96, 0.95], [5.0, 3.0, 2.5])], metric="train")
    assert cells(table, "train") == [Quantity(value=10.5)]
    assert cells(table, "epoch") == [Quantity(value=3.0)]


def test_the_best_accuracy_stands_beside_the_last() -> None:
    (table,) = tables([make_epochs("a1", [0.9, 0.9612, 0.95])], metric="accuracy")
    assert cells(table, "accuracy") == [Quantity(value=0.95)]
    assert cells(table, "best_accuracy") == [Quantity(value=0.9612)]
    text = render([table])
    assert "0.9612" in text
    assert "0.9500" in text


def test_rows_of_other_epochs_are_marked() -> None:
    few = make_epochs("a1", [0.9])
    many = [make_epochs(f"{name}1", [0.9, 0.95], framework=name) for name in ("jax", "numpy")]
    (table,) = tables([few, *many], metric="train")
    assert rows(table)["torch"]["marks"] == "unequal: epochs 1, not 2"
    assert "not equal: epochs: 1 (torch-2.13.0); 2 (all others)" in table.notes


def test_runs_of_other_epochs_are_not_pooled() -> None:
    records = [make_epochs("a1", [0.9]), make_epochs("a2", [0.9, 0.95], round=2)]
    (table,) = tables(records, metric="train", everything=True)
    assert sorted(cells(table, "epochs")) == ["1", "2"]


def test_compiling_is_what_the_first_step_and_the_build_take_more() -> None:
    (table,) = tables([make_run("a1", 0.5)], metric="compile")
    (figure,) = cells(table, "compile")
    assert figure.value == pytest.approx(1.25 + 4 * 0.5 - 0.5)
