"""Comparing: golden files for every form, and what the tables promise one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from comparisons import NHWC, cells, make_odd_records, make_rounds, make_run, rows, tables
from golden import check_golden
from records import (
    each,
    make_outcome,
    make_phases,
    make_record,
    make_step_job,
    once,
)
from samples import TASK

from dlbench.errors import UnknownNameError
from dlbench.summary import RunSummary, summarize
from dlbench.tables import Format, Missing, Quantity, render

QUESTIONS: dict[str, dict[str, Any]] = {
    "odd": {"baseline": "torch:layout=NHWC"},
    "pivot": {"by": "framework"},
    "loss": {"metric": "loss"},
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", ["text", "github", "csv", "latex", "json"])
def test_golden(question: str, form: Format) -> None:
    text = render(tables(make_odd_records(), **QUESTIONS[question]), form) + "\n"
    check_golden(f"compare-{question}.{form}", text)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_cell_is_ever_blank(question: str) -> None:
    (table,) = tables(make_odd_records(), **QUESTIONS[question])
    for cell in (cell for row in table.rows for cell in row):
        assert not isinstance(cell, str) or cell.strip()
        assert not isinstance(cell, Missing) or cell.reason.strip()


def test_every_odd_outcome_is_said() -> None:
    found = rows(tables(make_odd_records())[0])
    reasons = {
        name: row["step"].reason for name, row in found.items() if isinstance(row["step"], Missing)
    }
    assert reasons == {
        "numpy": "timeout 600 s",
        "caffe": "oom 2 GiB",
        "cntk": "interrupted",
        "mxnet": "lost",
        "theano": "unsupported: Theano has no NHWC convolution",
        "jax": "failed: RuntimeError: a message so long that no table can hold all of it | and a "
        "pipe",
        "paddle": "missing: the worker exited with code 139 (SIGSEGV) and left no result",
        "chainer": "invalid: result.json does not follow the protocol",
    }


def test_the_figure_is_the_median_of_run_medians_of_the_pipelined_block() -> None:
    records = [make_run(f"a{n}", step, round=n) for n, step in enumerate((0.5, 0.9, 0.6), 1)]
    figure = cells(tables(records)[0], "step")[0]
    assert figure.value == pytest.approx(0.6)
    assert figure.low < 0.6 < figure.high
    stepwise = cells(tables(records)[0], "stepwise")[0]
    assert stepwise.value == pytest.approx(0.6 * 1.06)
    assert (stepwise.low, stepwise.high) == pytest.approx((0.6 * 1.04, 0.6 * 1.08))
    assert cells(tables(records)[0], "items_per_second")[0].value == pytest.approx(16 / 0.6)


def test_one_run_has_no_interval_and_says_so() -> None:
    table = tables([make_run("a1"), make_run("b1", 9.0, "tensorflow")], baseline="torch")[0]
    assert cells(table, "step")[0] == Quantity(value=0.5)
    assert cells(table, "runs") == ["1", "1"]
    assert cells(table, "verdict") == ["baseline", "not enough data (about 4 more rounds)"]
    assert "rank" not in [column.name for column in table.columns]
    assert "1 run a row: no interval and no verdict can be had" in table.caption


NOISE = (1.0, 1.001, 0.999, 1.002, 0.998)


@pytest.mark.parametrize(
    ("step", "verdict"), [(0.45, "faster"), (0.55, "slower"), (0.5001, "same")]
)
def test_verdicts(step: float, verdict: str) -> None:
    records = make_rounds("torch", 0.5, NOISE) + make_rounds("tensorflow", step, NOISE[::-1])
    found = rows(tables(records, baseline="torch")[0])
    assert found["tensorflow"]["verdict"] == verdict
    assert found["tensorflow"]["ratio"].value == pytest.approx(step / 0.5)


def test_more_items_per_second_is_faster() -> None:
    records = make_rounds("torch", 0.5, NOISE) + make_rounds("tensorflow", 0.25, NOISE)
    table = tables(records, baseline="torch", metric="items_per_second")[0]
    assert cells(table, "framework") == ["tensorflow", "torch"]
    assert cells(table, "rank") == ["1", "2"]
    assert cells(table, "verdict") == ["faster", "baseline"]
    assert cells(table, "ratio")[0].value == pytest.approx(2.0)


def test_memory_is_neither_fast_nor_slow() -> None:
    records = [make_run("a1"), make_run("b1", framework="tensorflow")]
    table = tables(records, baseline="torch", metric="memory")[0]
    assert rows(table)["tensorflow"]["verdict"] == "not a speed"
    assert rows(table)["tensorflow"]["memory"].value == 3 * 2**30


def test_unknown_names_are_explained() -> None:
    records = [make_run("a1", axes=NHWC)]
    with pytest.raises(UnknownNameError, match="unknown metric 'steps'") as caught:
        tables(records, metric="steps")
    assert "did you mean 'step'" in caught.value.hint
    with pytest.raises(UnknownNameError, match="no row fits the baseline 'tourch'"):
        tables(records, baseline="tourch")
    with pytest.raises(UnknownNameError, match="nothing here is called 'layuot'") as caught:
        tables(records, by="layuot")
    assert "did you mean 'layout'" in caught.value.hint


def test_what_was_not_measured_is_said() -> None:
    assert cells(tables([make_run("a1")], metric="epoch")[0], "epoch") == [
        Missing(reason="not measured")
    ]


def test_a_scenario_of_epochs_that_had_none_shows_its_steps() -> None:
    record = make_run("a1")
    scenario = msgspec.structs.replace(record.scenario, metric="epoch")
    trained = make_run("b1", phases=make_phases(epoch=each("epoch", [12.0])))
    unfinished, finished = (
        msgspec.structs.replace(one, scenario=scenario) for one in (record, trained)
    )
    assert cells(tables([unfinished])[0], "step")[0].value == 0.5
    assert cells(tables([unfinished, finished])[0], "epoch")[0].value == 12.0


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("step", 0.5),
        ("stepwise", 0.53),
        ("epoch", 12.5),
        ("predict", 0.31),
        ("build", 1.25),
        ("first_step", 2.0),
        ("accuracy", 0.98),
        ("loss", 0.07),
        ("memory", 3 * 2**30),
        ("device_memory", 2**30),
        ("items_per_second", 32.0),
    ],
)
def test_metrics(metric: str, value: float) -> None:
    phases = make_phases(
        epoch=each("epoch", [13.0, 12.0, 12.5]),
        epoch_accuracy=each("epoch_accuracy", [0.9, 0.97, 0.98], "1"),
        epoch_loss=each("epoch_loss", [0.3, 0.1, 0.07], "1"),
        device_peak_memory=once("device_peak_memory", 2**30, "bytes"),
    )
    table = tables([make_run("a1", phases=phases)], metric=metric)[0]
    assert cells(table, metric)[0].value == pytest.approx(value)


def test_a_loss_that_is_not_finite_is_shown_as_such() -> None:
    phases = make_phases(loss=each("loss", [2.3, "nan"], "1"))
    text = render(tables([make_run("a1", phases=phases)], metric="loss"), "json")
    assert json.loads(text)["tables"][0]["rows"][0]["loss"]["value"] == "nan"


def test_pivot_puts_frameworks_side_by_side() -> None:
    records = [
        make_run(f"{framework[0]}{size}", size * speed, framework, axes={"batch_size": str(size)})
        for framework, speed in (("torch", 1.0), ("numpy", 5.0))
        for size in (1, 2)
    ]
    table = tables(records, by="framework", baseline="torch")[0]
    assert cells(table, "batch_size") == ["1", "2"]
    assert [cell.value for cell in cells(table, "torch")] == [1.0, 2.0]
    assert [cell.value for cell in cells(table, "numpy")] == [5.0, 10.0]
    assert [cell.value for cell in cells(table, "numpy ratio")] == [5.0, 5.0]
    assert cells(table, "torch verdict") == ["baseline", "baseline"]
    assert "numpy-2.4.6: numpy 2.4.6" in table.notes


def test_pivot_by_an_axis_says_where_it_does_not_apply() -> None:
    records = [make_run("a1", 1.0, axes=NHWC), make_run("b1", 2.0, "numpy", axes={})]
    table = tables(records, by="layout")[0]
    assert [one.name for one in table.columns if one.unit] == [
        "layout=NHWC",
        "layout not applicable",
    ]
    assert Missing(reason="not executed") in cells(table, "layout=NHWC")


def test_a_summary_survives_the_index() -> None:
    summary = summarize(make_odd_records()[-1])
    assert isinstance(summary, RunSummary)
    again = msgspec.msgpack.decode(
        msgspec.msgpack.encode(summary.conditions), type=type(summary.conditions)
    )
    assert again == summary.conditions


def test_an_outcome_with_many_lines_is_one_in_a_table() -> None:
    outcome = make_outcome(status="failed", detail="first\n  second")
    assert summarize(make_record(outcome=outcome)).outcome == "failed: first second"


def test_rounds_that_are_shared_take_the_drift_away() -> None:
    drift = (1.0, 1.3, 0.8, 1.2, 0.9)
    ours = make_rounds("torch", 0.5, drift)
    theirs = make_rounds("tensorflow", 0.6, [x * y for x, y in zip(drift, NOISE, strict=True)])
    assert rows(tables(ours + theirs, baseline="torch")[0])["tensorflow"]["verdict"] == "slower"
    apart = make_rounds("tensorflow", 0.6, drift, campaign="other")
    found = rows(tables(ours + apart, baseline="torch")[0])["tensorflow"]["verdict"]
    assert found.startswith("not enough data (")


def test_rows_that_are_not_told_apart_share_their_ranks() -> None:
    wild = (0.9, 1.1, 1.0, 0.95, 1.05)
    records = [
        *make_rounds("torch", 0.5, NOISE),
        *make_rounds("tensorflow", 0.9, wild),
        *make_rounds("numpy", 0.92, NOISE),
        *make_rounds("jax", 2.0, NOISE),
        make_run("e1", framework="caffe", result={"audit": {"losses": {"passed": False}}}),
    ]
    found = rows(tables(records)[0])
    ranks = {name: row["rank"] for name, row in found.items()}
    assert ranks == {
        "torch": "1",
        "tensorflow": "2-3",
        "numpy": "2-3",
        "jax": "4",
        "caffe": Missing(reason="barred"),
    }


def test_other_work_ranks_apart() -> None:
    records = [
        record
        for size, seconds in (("1", 0.1), ("16", 1.0))
        for framework, share in (("torch", 1.0), ("tensorflow", 2.0))
        for record in make_rounds(
            framework,
            seconds * share,
            NOISE,
            axes={"batch_size": size},
            job=make_step_job(task=msgspec.structs.replace(TASK, batch_size=int(size))),
        )
    ]
    assert cells(tables(records)[0], "rank") == ["1", "2", "1", "2"]


def test_a_barred_row_has_no_verdict_and_is_no_baseline() -> None:
    wrong = {"audit": {"weights_changed": {"passed": False}}}
    records = [
        *make_rounds("torch", 0.5, NOISE),
        *make_rounds("tensorflow", 0.25, NOISE, result=wrong),
    ]
    found = rows(tables(records, baseline="torch")[0])["tensorflow"]
    assert (found["verdict"], found["ratio"]) == ("barred", Missing(reason="none"))
    assert found["marks"] == "audit failed: weights changed"
    held = rows(tables(records, baseline="tensorflow")[0])["torch"]
    assert (held["verdict"], held["ratio"]) == ("baseline barred", Missing(reason="none"))


@pytest.mark.parametrize(
    ("band", "verdict", "note"),
    [
        (0.01, "slower", ""),
        (0.05, "same", "same: within 5 %"),
        ("noise", "slower", "same: within the noise of a round, at least 1 %"),
    ],
)
def test_a_band_is_what_counts_as_the_same(band: Any, verdict: str, note: str) -> None:
    records = make_rounds("torch", 0.5, NOISE) + make_rounds("tensorflow", 0.515, NOISE[::-1])
    table = tables(records, baseline="torch", band=band)[0]
    assert rows(table)["tensorflow"]["verdict"] == verdict
    assert [text for text in table.notes if text.startswith("same")] == ([note] if note else [])


def test_unequal_settings_are_marked_at_the_verdict_and_refused_where_it_is_strict() -> None:
    one = {"settings": {"finished": {"threads": 1}}}
    records = make_rounds("torch", 0.5, NOISE) + make_rounds("tensorflow", 1.0, NOISE, result=one)
    found = rows(tables(records, baseline="torch")[0])["tensorflow"]
    assert found["verdict"] == "slower, unequal: threads"
    assert found["rank"] == "2"
    assert found["marks"] == "unequal: threads 1"
    strict = rows(tables(records, baseline="torch", strict=True)[0])["tensorflow"]
    assert strict["verdict"] == "refused (unequal: threads)"
    assert strict["ratio"] == Missing(reason="none")
    more = records + make_rounds("jax", 2.0, NOISE)
    assert cells(tables(more)[0], "rank") == ["1", "2", "3"]
    assert cells(tables(more)[0], "marks") == ["none", "unequal: threads 1, not 2", "none"]
    refused = Missing(reason="refused")
    assert cells(tables(more, strict=True)[0], "rank") == ["1", refused, "2"]
