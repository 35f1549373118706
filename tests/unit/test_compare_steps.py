"""What tables say of the work in a step, of the peak, and of what is paid once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from comparisons import make_calibration, make_run, rows, tables
from golden import check_golden
from records import make_phases, make_step_job, once

from dlbench.compare import Question, compare_records
from dlbench.network import build_task
from dlbench.peaks import VECTOR
from dlbench.record import Record
from dlbench.scenario import load
from dlbench.summary import summarize
from dlbench.tables import Missing, Quantity, render

VGG16 = Path(__file__).parents[2] / "scenarios/vgg16.yaml"
FLOPS = 16 * 2 * (3 * 15_470_264_320 - 3 * 3 * 3 * 64 * 224 * 224)


def make_vgg16(run_id: str, step: float, framework: str = "torch", **changes: Any) -> Record:
    """Return a run of VGG16, batch 16."""
    job = make_step_job(task=build_task(load(VGG16), batch_size=16))
    return make_run(run_id, step, framework, scenario="vgg16", job=job, **changes)


def make_peak(framework: str, rate: float, **changes: Any) -> Record:
    """Return a calibration that reached ``rate``, of products as large as those of VGG16."""
    job = make_vgg16("none", 1.0).job
    return make_calibration(f"k{framework}", FLOPS / rate, framework=framework, job=job, **changes)


def make_table(calibrations: list[Record], **question: Any) -> Any:
    records = [make_vgg16("a1", 6.0), make_vgg16("a2", 5.5, "tensorflow")]
    (table,) = compare_records(
        records, Question(everything=True, **question), [summarize(one) for one in calibrations]
    )
    return table


def test_golden() -> None:
    peaks = [make_peak("torch", 320e9), make_peak("tensorflow", 310e9)]
    check_golden("compare-peak.text", render([make_table(peaks)]) + "\n")


def test_a_share_is_that_of_the_peak_in_the_same_image() -> None:
    table = make_table([make_peak("torch", 320e9), make_peak("tensorflow", 310e9)])
    found = rows(table)
    assert found["torch"]["flops_per_second"] == Quantity(value=FLOPS / 6.0)
    assert found["torch"]["peak_share"] == Quantity(value=FLOPS / 6.0 / 320e9)
    assert found["tensorflow"]["peak_share"] == Quantity(value=FLOPS / 5.5 / 310e9)
    assert not any("calibrate" in note for note in table.notes)


def test_a_row_without_a_peak_says_so_and_how_to_mend_it() -> None:
    table = make_table([make_peak("torch", 320e9)])
    assert rows(table)["tensorflow"]["peak_share"] == Missing(reason="not calibrated")
    assert table.notes[-1] == (
        "share of peak, not calibrated: dlbench calibrate -f tensorflow==2.21.0"
    )


def test_without_any_calibration_there_is_no_column() -> None:
    table = make_table([make_calibration("v1", 1.0, VECTOR)])
    assert [column.name for column in table.columns if column.unit == "share"] == []
    assert table.notes[-1].startswith("share of peak, not calibrated: dlbench calibrate -f torch")


def test_what_is_above_its_peak_is_said() -> None:
    table = make_table([make_peak("torch", 100e9), make_peak("tensorflow", 310e9)])
    (note,) = (note for note in table.notes if "peak" in note)
    assert note.startswith("above the peak: torch-2.13.0: its calibration was disturbed")


def test_the_share_itself_can_be_asked_for() -> None:
    peaks = [make_peak("torch", 320e9), make_peak("tensorflow", 310e9)]
    table = make_table(peaks, metric="peak_share")
    # Sorted by it: the best share first.
    assert [row[0] for row in table.rows] == ["tensorflow", "torch"]
    assert isinstance(rows(table)["torch"]["flops_per_second"], Quantity)
    missing = make_table([make_peak("torch", 320e9)], metric="peak_share")
    assert rows(missing)["tensorflow"]["peak_share"] == Missing(reason="not calibrated")


def test_other_metrics_say_nothing_of_peaks() -> None:
    for metric in ("predict", "memory", "loss"):
        assert not any("calibrate" in note for note in make_table([], metric=metric).notes)


def test_calibrations_are_never_rows() -> None:
    records = [make_vgg16("a1", 6.0), make_peak("torch", 320e9)]
    (table,) = compare_records(records)
    assert len(table.rows) == 1


def make_compiled(rounds: int, plain: float, compiled: float) -> list[Record]:
    """Return rounds of a run without and one with XLA, which costs 8 s before the second step."""
    return [
        make_run(
            f"{value}{number}",
            axes={"xla": value},
            round=number,
            phases=make_phases(
                step * noise, build=once("build", 1.0), first_step=once("first_step", first)
            ),
        )
        for number, noise in zip(range(1, rounds + 1), (1.0, 1.002, 0.999) * rounds, strict=False)
        for value, step, first in (("off", plain, plain), ("on", compiled, compiled + 8.0))
    ]


def payback(records: list[Record], **question: Any) -> list[str]:
    (table,) = tables(records, **question)
    return [note for note in table.notes if "xla=on" in note]


def test_compiling_pays_back_where_steps_are_shown_to_be_faster() -> None:
    (note,) = payback(make_compiled(6, 0.5, 0.4))
    assert note == (
        "torch-2.13.0: xla=on pays back after about 80 steps: 8 s more once, 100 ms less a step"
    )
    assert payback(make_compiled(6, 0.5, 0.4), metric="cost") == [note]
    assert payback(make_compiled(6, 0.5, 0.4), metric="predict") == []


def test_compiling_never_pays_back_where_steps_are_slower() -> None:
    assert payback(make_compiled(6, 0.4, 0.5)) == [
        "torch-2.13.0: xla=on never pays back here: it is slower, and costs 8 s more once"
    ]


def test_one_run_is_not_enough_to_say() -> None:
    (note,) = payback(make_compiled(1, 0.5, 0.4))
    assert note.endswith("not enough data to tell the steps apart")


def test_cost_is_split_into_its_parts() -> None:
    (table,) = tables([make_run("a1", 0.5)], metric="cost")
    found = rows(table)["torch"]
    parts = ("cost", "import", "build", "first_step", "step")
    assert [found[name].value for name in parts] == [4.75, 2.0, 1.25, 2.0, 0.5]


def test_calibrations_of_an_index_are_those_of_the_records(tmp_path: Path) -> None:
    from dlbench.store import Store

    store = Store(tmp_path)
    for record in (make_vgg16("aaaa1", 6.0), make_peak("torch", 320e9)):
        store.save(record)
    for _ in range(2):
        selection = store.select(["vgg16"])
        assert [run.run_id for run in selection.runs] == ["aaaa1"]
        assert [run.run_id for run in selection.calibrations] == ["ktorch"]
        (table,) = compare_records(
            [store.load("aaaa1")], Question(everything=True), selection.calibrations
        )
        assert isinstance(rows(table)["torch"]["peak_share"], Quantity)


def test_precisions_do_not_mix() -> None:
    half = make_peak("torch", 1e12)
    precision = msgspec.structs.replace(half.job.task.precision, compute="bfloat16")
    task = msgspec.structs.replace(half.job.task, precision=precision)
    half = msgspec.structs.replace(half, job=msgspec.structs.replace(half.job, task=task))
    table = make_table([make_peak("tensorflow", 310e9), half])
    assert rows(table)["torch"]["peak_share"] == Missing(reason="not calibrated")
