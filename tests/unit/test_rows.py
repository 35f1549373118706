"""Which runs are pooled, and what tells rows apart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from comparisons import NHWC, cells, make_odd_records, make_run, rows, tables
from machines import make_disturbed, make_loads
from records import (
    DIGEST,
    make_environment,
    make_failure,
    make_phases,
    make_record,
    make_result,
    make_step_job,
)

from dlbench.compare import compare_records, newest_scenario
from dlbench.record import Energy, ParityFacts, Record, ScenarioFacts
from dlbench.rows import pool
from dlbench.summary import summarize
from dlbench.tables import Missing, Quantity


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
    assert not [note for note in table.notes if note.startswith("not equal")]


def test_rows_say_what_must_be_known_of_them() -> None:
    found = rows(tables(make_odd_records())[0])
    assert found["own"]["marks"] == (
        "quick plan; epochs cut to 60 steps; unpinned environment; local wheel own-1.whl; "
        "audit failed: losses finite"
    )
    assert found["torch"]["marks"] == "none"
    assert found["numpy"]["layout"] == "not applicable"
    assert found["numpy"]["versions"] == "numpy 2.4.6 (stated)"
    assert found["torch"]["versions"] == "torch 2.13.0"


@pytest.mark.parametrize(
    ("parity", "audit", "marks", "barred"),
    [
        (ParityFacts(verdict="passed"), True, [], ""),
        (ParityFacts(verdict="not run", reason="switched off"), True, ["parity not run"], ""),
        (
            ParityFacts(verdict="failed", reason="losses:\n step 2"),
            True,
            ["parity failed: losses: step 2"],
            "parity failed: losses: step 2",
        ),
        (ParityFacts(verdict="passed"), False, ["audit failed: x y"], "audit failed: x y"),
    ],
)
def test_rows_whose_work_was_not_the_same_are_barred(
    parity: ParityFacts, audit: bool, marks: list[str], barred: str
) -> None:
    record = make_run("a1", result={"audit": {"x_y": {"passed": audit}}}, parity=parity)
    (row,) = pool([summarize(record), summarize(make_run("a2"))])
    assert row.marks() == marks
    assert row.barred == barred


def test_only_measurements_are_compared() -> None:
    assert tables([make_run("a1", kind="parity"), make_run("a2", kind="calibration")]) == []
    (table,) = tables([make_run("a1"), make_run("a2", kind="parity")])
    assert cells(table, "runs") == ["1"]


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


def test_records_of_one_campaign_are_compared_whole() -> None:
    table = compare_records([make_run("a1"), make_run("a2", campaign="other")])[0]
    assert cells(table, "runs") == ["2"]


@pytest.mark.parametrize(
    ("warmups", "marks"),
    [
        ([{"steps": 9, "reason": "settled", "settle": 0.05}], []),
        ([{"steps": 5, "reason": "exact"}], []),
        ([{"steps": 5, "reason": "seconds"}], []),
        ([{"steps": 30, "reason": "steps", "settle": 0.05}], ["warm-up not settled"]),
        (
            [{"reason": "settled", "settle": 0.05}, {"reason": "seconds", "settle": 0.05}],
            ["1 of 2 runs with warm-up not settled"],
        ),
    ],
)
def test_a_warm_up_that_ended_at_a_cap_is_marked(
    warmups: list[dict[str, Any]], marks: list[str]
) -> None:
    records = [
        msgspec.structs.replace(
            make_run(f"a{number}"), result=make_result(make_phases(), warmup=warmup)
        )
        for number, warmup in enumerate(warmups)
    ]
    (row,) = pool([summarize(record) for record in records])
    assert [mark for mark in row.marks() if "warm-up" in mark] == marks


def test_company_is_marked_with_how_many_runs_had_it() -> None:
    quiet = make_disturbed()
    loud = make_disturbed(samples=make_loads([0.8] * 20))
    records = [
        make_run("a1", environment=quiet),
        make_run("a2", environment=loud, round=2),
        make_run("a3", environment=quiet, round=3),
    ]
    assert (
        "1 of 3 runs beside foreign load (0.8 CPUs)" in rows(tables(records)[0])["torch"]["marks"]
    )
    assert "foreign" not in rows(tables(records[:1])[0])["torch"]["marks"]


def test_energy_is_a_figure_where_it_is_known_whole() -> None:
    def run(number: int, *joules: float | None) -> Record:
        energy = tuple(
            Energy(part="device", source=f"device {index}", trust="estimated", joules=amount)
            for index, amount in enumerate(joules)
        )
        return make_run(f"a{number}", environment=make_environment(energy=energy), round=number)

    table = tables([run(1, 100.0, 50.0), run(2, 150.0, 100.0)], metric="device_energy")[0]
    assert rows(table)["torch"]["device_energy"].value == pytest.approx(200.0)
    # A device without a figure leaves the sum unknown, and what is not there is not zero.
    table = tables([run(1, 100.0, None)], metric="device_energy")[0]
    assert cells(table, "device_energy") == [Missing(reason="not measured")]
