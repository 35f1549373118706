"""Comparing: golden files for every form, and what the tables promise one by one.

``UPDATE_GOLDEN=1 pytest tests/unit/test_compare.py`` writes the golden files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from records import (
    DIGEST,
    each,
    make_cell,
    make_environment,
    make_failure,
    make_outcome,
    make_phases,
    make_record,
    make_result,
    make_step_job,
    once,
)

from dlbench.compare import Question, compare, compare_records, newest_scenario
from dlbench.errors import UnknownNameError
from dlbench.record import Record, ScenarioFacts
from dlbench.scenario import Plan
from dlbench.summary import RunSummary, summarize
from dlbench.tables import Format, Missing, Quantity, Table, render

GOLDEN = Path(__file__).parent.parent / "golden"

NHWC = {"layout": "NHWC", "batch_size": "16"}
NCHW = {"layout": "NCHW", "batch_size": "16"}


def make_run(run_id: str, step: float = 0.5, framework: str = "torch", **changes: Any) -> Record:
    """Return a record whose step takes ``step`` seconds; ``axes`` and the like go to its cell."""
    fields = {name: changes.pop(name) for name in list(changes) if name in CELL_FIELDS}
    phases = changes.pop("phases", None) or make_phases(step)
    cell = make_cell(framework, **fields)
    versions = {framework: cell.image_id.rpartition("-")[2], "python": "3.11.2"}
    result = make_result(phases, versions=versions, **changes.pop("result", {}))
    return make_record(run_id, cell=cell, result=result, **changes)


CELL_FIELDS = {"axes", "scenario", "image_id", "device", "not_applicable", "quick", "stack"}


def make_odd_records() -> list[Record]:
    """Return a campaign of three rounds with everything that can go well or wrong."""
    records = []
    for number in range(1, 4):
        noise = {1: 1.0, 2: 1.004, 3: 0.997}[number]
        common: dict[str, Any] = {"round": number, "started": f"2026-11-01T10:0{number}:00+00:00"}
        records += [
            make_run(f"a{number}", 0.47 * noise, axes=NHWC, **common),
            make_run(f"b{number}", 0.50 * noise, axes=NCHW, **common),
            make_run(
                f"c{number}", 0.45 * noise, "tensorflow", axes=NHWC | {"xla": "off"}, **common
            ),
            make_run(
                f"d{number}", 0.471 * noise, "tensorflow", axes=NHWC | {"xla": "on"}, **common
            ),
        ]
    late: dict[str, Any] = {"started": "2026-11-01T10:09:00+00:00"}
    odd = {"axes": {"batch_size": "16"}, "not_applicable": ("layout",)}
    epochs = Plan(**plan_fields(epochs=1, steps_per_epoch=60))
    records += [
        make_failure("b4", "timeout", "missing", cell=make_cell(axes=NCHW), round=4, **late),
        make_failure("e1", "timeout", "missing", cell=make_cell("numpy", **odd), **late),
        make_failure("f1", "oom", "missing", cell=make_cell("caffe", **odd), **late),
        make_failure("g1", "interrupted", "missing", cell=make_cell("cntk", **odd), **late),
        make_failure("h1", "lost", "missing", cell=make_cell("mxnet", **odd), **late),
        make_failure(
            "i1",
            status="unsupported",
            detail="Theano has no NHWC convolution",
            cell=make_cell("theano", axes=NHWC),
            **late,
        ),
        make_failure(
            "j1",
            detail="RuntimeError: a message so long that no table can hold all of it | and a pipe",
            cell=make_cell("jax", **odd),
            **late,
        ),
        make_failure(
            "k1",
            status="missing",
            detail="the worker exited with code 139 (SIGSEGV) and left no result",
            cell=make_cell("paddle", **odd),
            **late,
        ),
        make_failure(
            "l1",
            status="invalid",
            detail="result.json does not follow the protocol",
            cell=make_cell("chainer", **odd),
            **late,
        ),
        make_run(
            "m1",
            2.0,
            "own",
            quick=True,
            **odd,
            **late,
            job=make_step_job(plan=epochs),
            environment=make_environment(host="looking-glass"),
            result={"audit": {"losses_finite": {"passed": False}}},
            phases=make_phases(2.0, loss=each("loss", [2.3, "nan"], "1")),
        ),
    ]
    unpinned = msgspec.structs.replace(records[-1].image, pinned=False, wheels=("own-1.whl",))
    records[-1] = msgspec.structs.replace(records[-1], image=unpinned)
    return records


def plan_fields(**changes: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(make_step_job().plan) | changes


def tables(records: Sequence[Record], **question: Any) -> list[Table]:
    ordered = sorted(map(summarize, records), key=lambda run: (run.started, run.run_id))
    return compare(ordered, Question(**question))


def cells(table: Table, column: str) -> list[Any]:
    place = [one.name for one in table.columns].index(column)
    return [row[place] for row in table.rows]


def rows(table: Table) -> dict[str, dict[str, Any]]:
    """Return the rows by framework."""
    names = [column.name for column in table.columns]
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in table.rows}


QUESTIONS: dict[str, dict[str, Any]] = {
    "odd": {"baseline": "torch:layout=NHWC"},
    "pivot": {"by": "framework"},
    "loss": {"metric": "loss"},
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", ["text", "github", "csv", "latex", "json"])
def test_golden(question: str, form: Format) -> None:
    text = render(tables(make_odd_records(), **QUESTIONS[question]), form) + "\n"
    path = GOLDEN / f"compare-{question}.{form}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


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
    assert cells(table, "verdict") == ["baseline", "not enough data"]
    assert "1 run a row: no interval and no verdict can be had" in table.caption


@pytest.mark.parametrize(
    ("step", "verdict"), [(0.45, "faster"), (0.55, "slower"), (0.5001, "same")]
)
def test_verdicts(step: float, verdict: str) -> None:
    noise = (1.0, 1.001, 0.999)
    records = [make_run(f"a{n}", 0.5 * x, round=n) for n, x in enumerate(noise)]
    records += [make_run(f"b{n}", step * x, "tensorflow", round=n) for n, x in enumerate(noise)]
    found = rows(tables(records, baseline="torch")[0])
    assert found["tensorflow"]["verdict"] == verdict
    assert found["tensorflow"]["ratio"].value == pytest.approx(step / 0.5)


def test_more_items_per_second_is_faster() -> None:
    records = [make_run(f"a{n}", 0.5, round=n) for n in (1, 2)]
    records += [make_run(f"b{n}", 0.25, "tensorflow", round=n) for n in (1, 2)]
    table = tables(records, baseline="torch", metric="items_per_second")[0]
    assert cells(table, "framework") == ["tensorflow", "torch"]
    assert cells(table, "verdict") == ["faster", "baseline"]
    assert cells(table, "ratio")[0].value == pytest.approx(2.0)


def test_memory_is_neither_fast_nor_slow() -> None:
    records = [make_run("a1"), make_run("b1", framework="tensorflow")]
    table = tables(records, baseline="torch", metric="memory")[0]
    assert rows(table)["tensorflow"]["verdict"] == "not a speed"
    assert rows(table)["tensorflow"]["memory"].value == 3 * 2**30


def test_a_failed_baseline_is_no_baseline() -> None:
    records = [make_failure("a1", "timeout", "missing"), make_run("b1", framework="tensorflow")]
    found = rows(tables(records, baseline="torch")[0])
    assert found["tensorflow"]["verdict"] == "no baseline"
    assert found["tensorflow"]["step"].value == 0.5


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


def other_scenario(digest: str, name: str = "tiny") -> ScenarioFacts:
    return ScenarioFacts(name=name, digest=digest, metric="step", file_text="")


def test_scenarios_that_changed_never_meet() -> None:
    records = [make_run("a1")]
    records.append(
        msgspec.structs.replace(
            make_run("b1", framework="tensorflow", started="2026-11-02T10:00:00+00:00"),
            scenario=other_scenario("beef" * 16),
        )
    )
    first, second = tables(records)
    assert cells(first, "framework") == ["torch"]
    assert cells(second, "framework") == ["tensorflow"]
    assert any("beefbeefbeef" in note for note in first.notes)
    assert any(DIGEST[:12] in note for note in second.notes)
    newest = newest_scenario([summarize(record) for record in records])
    assert [run.run_id for run in newest] == ["b1"]


def test_the_newest_campaign_of_each_cell_counts() -> None:
    records = [
        make_run("a1", 9.0, campaign="c001"),
        make_run("a2", 9.0, "tensorflow", campaign="c001"),
        make_run("a3", 1.0, campaign="c002", started="2026-11-02T10:00:00+00:00"),
        make_run("a4", 2.0, campaign="c002", round=2, started="2026-11-02T10:01:00+00:00"),
    ]
    table = tables(records)[0]
    found = rows(table)
    assert found["torch"]["step"].value == pytest.approx(1.5)
    assert found["torch"]["runs"] == "2"
    assert found["tensorflow"]["step"].value == 9.0
    assert any("1 older runs" in note for note in table.notes)
    everything = rows(tables(records, everything=True)[0])
    assert everything["torch"]["runs"] == "3"


def test_an_interrupted_campaign_does_not_hide_what_was_measured() -> None:
    late: dict[str, Any] = {"campaign": "c002", "started": "2026-11-02T10:00:00+00:00"}
    records = [make_run("a1"), make_failure("a2", "interrupted", "missing", **late)]
    assert cells(tables(records)[0], "step") == [Quantity(value=0.5)]
    assert cells(tables(records[1:])[0], "step") == [Missing(reason="interrupted")]


def test_a_newer_failure_is_not_hidden_by_an_older_success() -> None:
    late: dict[str, Any] = {"campaign": "c002", "started": "2026-11-02T10:00:00+00:00"}
    records = [make_run("a1"), make_failure("a2", detail="RuntimeError: x", **late)]
    assert cells(tables(records)[0], "step") == [Missing(reason="failed: RuntimeError: x")]


def test_failed_rounds_are_counted() -> None:
    records = [make_run("a1"), make_failure("a2", "oom", "missing", round=2)]
    table = tables(records)[0]
    assert cells(table, "step") == [Quantity(value=0.5)]
    assert cells(table, "runs") == ["2 (1 not ok)"]


def test_runs_on_different_hosts_are_never_pooled() -> None:
    records = [
        make_run("a1", 1.0),
        make_run("a2", 2.0, environment=make_environment(host="looking-glass")),
    ]
    table = tables(records)[0]
    assert cells(table, "host") == ["wonderland", "looking-glass"]
    assert [cell.value for cell in cells(table, "step")] == [1.0, 2.0]


def test_unequal_facts_are_said_under_the_table() -> None:
    slow = make_step_job(feed="device")
    settings = {"finished": {"threads": 8, "tf32": True}}
    records = [
        make_run("a1", axes=NHWC),
        make_run("b1", framework="tensorflow", axes=NHWC, job=slow, result={"settings": settings}),
    ]
    table = tables(records)[0]
    assert "not equal: feed: device (tensorflow-2.21.0); host (torch-2.13.0)" in table.notes
    assert "not equal: tf32 as found: on (tensorflow-2.21.0); off (torch-2.13.0)" in table.notes
    equal = tables([make_run("a1"), make_run("b1", framework="tensorflow")])[0]
    assert not [note for note in equal.notes if note.startswith("not equal")]


def test_an_axis_that_is_compared_is_not_complained_about() -> None:
    def job(batch_size: int) -> Any:
        base = make_step_job(items_per_step=batch_size)
        task = msgspec.structs.replace(base.task, batch_size=batch_size)
        return msgspec.structs.replace(base, task=task)

    records = [
        make_run(f"a{size}", axes={"batch_size": str(size)}, job=job(size)) for size in (1, 8)
    ]
    table = tables(records)[0]
    assert sorted(cells(table, "batch_size")) == ["1", "8"]
    assert not table.notes


def test_rows_say_what_must_be_known_of_them() -> None:
    found = rows(tables(make_odd_records())[0])
    assert found["own"]["marks"] == (
        "quick plan; epochs cut to 60 steps; unpinned environment; local wheel own-1.whl; "
        "audit failed: losses finite"
    )
    assert found["numpy"]["layout"] == "not applicable"
    assert found["numpy"]["versions"] == "numpy 2.4.6 (stated)"
    assert found["torch"]["versions"] == "torch 2.13.0"


def test_versions_that_differ_from_the_stated_ones_are_shown() -> None:
    record = make_run("a1")
    assert record.result is not None
    result = msgspec.structs.replace(record.result, versions={"torch": "2.14.0"})
    table = tables([msgspec.structs.replace(record, result=result)])[0]
    assert cells(table, "versions") == ["torch 2.14.0 (stated 2.13.0)"]


def test_the_wheels_local_version_is_no_difference() -> None:
    result = make_result(make_phases(), versions={"torch": "2.13.0+cpu"})
    table = tables([make_record(result=result)])[0]
    assert cells(table, "versions") == ["torch 2.13.0+cpu"]


def test_parameters_of_the_scenario_sort_as_numbers() -> None:
    def record(depth: int) -> Record:
        scenario = ScenarioFacts(
            name="tiny", digest=DIGEST, metric="step", file_text="", values={"depth": depth}
        )
        return msgspec.structs.replace(make_run(f"a{depth}", 1 / depth), scenario=scenario)

    table = tables([record(10), record(2), record(1)])[0]
    assert cells(table, "depth") == ["1", "2", "10"]


def test_what_was_not_measured_is_said() -> None:
    assert cells(tables([make_run("a1")], metric="epoch")[0], "epoch") == [
        Missing(reason="not measured")
    ]


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


def test_records_of_one_campaign_are_compared_whole() -> None:
    table = compare_records([make_run("a1"), make_run("a2", campaign="other")])[0]
    assert cells(table, "runs") == ["2"]


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
