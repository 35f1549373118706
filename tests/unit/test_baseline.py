"""Which row the others are held against."""

from __future__ import annotations

import msgspec
from comparisons import NCHW, NHWC, cells, make_run, rows, tables
from records import (
    make_cell,
    make_failure,
    make_step_job,
)

from dlbench.tables import Quantity


def test_a_failed_baseline_is_no_baseline() -> None:
    records = [make_failure("a1", "timeout", "missing"), make_run("b1", framework="tensorflow")]
    found = rows(tables(records, baseline="torch")[0])
    assert found["tensorflow"]["verdict"] == "no baseline"
    assert found["tensorflow"]["step"].value == 0.5


def test_a_baseline_that_failed_is_passed_over_and_the_other_one_named() -> None:
    records = [
        make_failure("a1", "oom", "missing", cell=make_cell(axes=NHWC)),
        make_run("a2", 1.0, axes=NCHW),
        make_run("b1", 2.0, "tensorflow", axes=NHWC),
    ]
    table = tables(records, baseline="torch")[0]
    assert rows(table)["tensorflow"]["ratio"] == Quantity(value=2.0)
    assert (
        "tensorflow-2.21.0 with layout NHWC is held against torch-2.13.0 with layout NCHW"
        in table.notes
    )
    missing = "not enough data (about 4 more rounds)"
    assert cells(table, "verdict") == ["baseline", missing, "no figure"]


def test_a_baseline_of_another_batch_size_did_other_work() -> None:
    small = make_step_job(task=msgspec.structs.replace(make_step_job().task, batch_size=1))
    records = [
        make_run("a1", 1.0, axes={"batch_size": "1"}, job=small),
        make_run("b1", 2.0, "tensorflow", axes={"batch_size": "16"}),
    ]
    found = rows(tables(records, baseline="torch")[0])
    assert found["tensorflow"]["verdict"] == "no baseline"


def test_each_row_meets_the_baseline_with_its_own_axes() -> None:
    records = [
        make_run("a1", 1.0, axes={"batch_size": "1"}),
        make_run("a2", 2.0, axes={"batch_size": "2"}),
        make_run("b1", 3.0, "tensorflow", axes={"batch_size": "1", "xla": "on"}),
        make_run("b2", 8.0, "tensorflow", axes={"batch_size": "2", "xla": "on"}),
    ]
    table = tables(records, baseline="torch")[0]
    ratios = dict(zip(cells(table, "step"), cells(table, "ratio"), strict=True))
    assert ratios[Quantity(value=3.0)] == Quantity(value=3.0)
    assert ratios[Quantity(value=8.0)] == Quantity(value=4.0)


def test_an_ambiguous_baseline_is_said_and_not_guessed() -> None:
    records = [
        make_run("a1", axes=NHWC),
        make_run("a2", axes=NCHW),
        make_run("b1", framework="numpy", axes={"batch_size": "16"}),
    ]
    table = tables(records, baseline="torch")[0]
    assert rows(table)["numpy"]["verdict"] == "several baselines"
    assert any("narrow it by an axis" in note for note in table.notes)


def test_what_one_axis_does_needs_no_remark() -> None:
    records = [make_run("a1", axes=NHWC), make_run("a2", axes=NCHW)]
    notes = tables(records, baseline="torch:layout=NHWC")[0].notes
    assert not [note for note in notes if "is held against" in note]
