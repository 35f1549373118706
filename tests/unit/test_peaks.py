from __future__ import annotations

from typing import Any

import msgspec
import pytest
from comparisons import FLOPS, WEIGHT_BYTES, make_calibration, make_run
from records import make_environment, make_outcome, make_phases, make_step_job

from dlbench.description import describe_record
from dlbench.job import Settings
from dlbench.metrics import METRICS, spell_figure
from dlbench.peaks import PRODUCT, VECTOR, attach_peaks, find_peaks, suggest_calibration
from dlbench.record import Record
from dlbench.summary import RunSummary, summarize


def peak_of(run: Record, *calibrations: Record) -> float | None:
    (attached,) = attach_peaks([summarize(run)], [summarize(one) for one in calibrations])
    return attached.peak_flops


def with_precision(record: Record, **formats: str) -> Record:
    job = record.job
    precision = msgspec.structs.replace(job.task.precision, **formats)
    task = msgspec.structs.replace(job.task, precision=precision)
    return msgspec.structs.replace(record, job=msgspec.structs.replace(job, task=task))


def test_the_quickest_step_is_the_peak() -> None:
    assert peak_of(make_run("a1"), make_calibration("k1", 0.25)) == FLOPS / 0.25


def test_the_best_size_of_a_calibration_counts() -> None:
    runs = [make_calibration("k1", 0.5), make_calibration("k2", 0.25), make_calibration("k3", 0.4)]
    assert peak_of(make_run("a1"), *runs) == FLOPS / 0.25


def test_the_newest_calibration_counts_though_an_older_was_better() -> None:
    runs = [make_calibration("k1", 0.25), make_calibration("k2", 0.5, campaign="k2")]
    assert peak_of(make_run("a1"), *runs) == FLOPS / 0.5


@pytest.mark.parametrize("how", ["interrupted", "lost"])
def test_a_calibration_that_was_ended_early_does_not_count(how: Any) -> None:
    ended = make_calibration("k3", 0.1, campaign="k2", outcome=make_outcome(how))
    runs = [make_calibration("k1", 0.25), make_calibration("k2", 0.5, campaign="k2"), ended]
    assert peak_of(make_run("a1"), *runs) == FLOPS / 0.25


def test_a_size_that_does_not_fit_does_not_spoil_the_others() -> None:
    killed = make_calibration("k2", 0.1, outcome=make_outcome("oom", "missing"))
    assert peak_of(make_run("a1"), make_calibration("k1", 0.25), killed) == FLOPS / 0.25


def test_a_try_speaks_for_nothing() -> None:
    assert peak_of(make_run("a1"), make_calibration("k1", 0.25, quick=True)) is None
    assert peak_of(make_run("a2", quick=True), make_calibration("k2", 0.25)) == FLOPS / 0.25


def test_bandwidth_is_no_peak_of_work() -> None:
    vector = make_calibration("v1", 0.01, VECTOR)
    assert peak_of(make_run("a1"), vector) is None
    ((peak,),) = find_peaks([summarize(vector)]).values()
    assert (peak.rate, peak.unit) == (WEIGHT_BYTES / 0.01, "bytes/s")


def test_a_measurement_is_no_calibration_whatever_its_scenario_is_called() -> None:
    assert peak_of(make_run("a1"), make_run("a2", scenario=PRODUCT)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": make_environment(host="looking-glass")},
        {"environment": make_environment(cpu_model="Example CPU 1")},
        {"environment": make_environment(gpus=({"name": "Example GPU"},))},
        {"image_id": "torch-2.12.0"},
        {"device": "cuda"},
        {"job": make_step_job(settings=Settings(axes={}, seed=1, threads=1, device="cpu"))},
        {"job": make_step_job(settings=Settings(axes={}, seed=1, threads=None, device="cpu"))},
    ],
    ids=["host", "CPU", "GPU", "image", "device", "threads", "framework's threads"],
)
def test_a_calibration_speaks_for_its_own_place_alone(changes: dict[str, Any]) -> None:
    run, elsewhere = make_run("a1"), make_calibration("k1", 0.25, **changes)
    assert peak_of(run, elsewhere) is None
    assert peak_of(make_run("a2", **changes), elsewhere) == FLOPS / 0.25


def test_each_precision_has_its_own_peak() -> None:
    half = with_precision(make_calibration("k1", 0.1), compute="bfloat16")
    single = make_calibration("k2", 0.25)
    assert peak_of(make_run("a1"), half, single) == FLOPS / 0.25
    assert peak_of(with_precision(make_run("a2"), compute="bfloat16"), half) == FLOPS / 0.1


def test_another_build_of_the_image_is_another_place() -> None:
    other = make_calibration("k1", 0.25)
    image = msgspec.structs.replace(other.image, context_digest="ba9876543210")
    assert peak_of(make_run("a1"), msgspec.structs.replace(other, image=image)) is None


def summary(**changes: Any) -> RunSummary:
    return summarize(make_run("a1", 0.5, **changes))


def test_flops_per_second_and_share() -> None:
    run = summary()
    assert METRICS["flops_per_second"].read(run) == FLOPS / 0.5
    assert METRICS["peak_share"].read(run) is None
    calibrated = msgspec.structs.replace(run, peak_flops=FLOPS / 0.4)
    assert METRICS["peak_share"].read(calibrated) == pytest.approx(0.8)


def test_inference_counts_the_forward_pass_alone() -> None:
    job = make_step_job()
    task = msgspec.structs.replace(job.task, optimizer=None)
    run = summary(job=msgspec.structs.replace(job, task=task))
    assert METRICS["flops_per_second"].read(run) == FLOPS / 2 / 0.5


def test_cost_is_what_is_paid_before_steady_steps() -> None:
    # Import 2.0, build 1.25, first step 4 x 0.5, less one step.
    assert METRICS["cost"].read(summary()) == 2.0 + 1.25 + 2.0 - 0.5
    phases = [phase for phase in make_phases(0.5) if phase.name != "first_step"]
    assert METRICS["cost"].read(summary(phases=phases)) is None


def test_the_command_that_is_missing() -> None:
    runs = [
        summary(axes={"threads": "2", "precision": "float32"}),
        summary(framework="tensorflow", axes={"threads": "2", "precision": "float32"}),
    ]
    assert suggest_calibration(runs) == (
        "dlbench calibrate -f torch==2.13.0 -f tensorflow==2.21.0 --threads 2 --precision float32"
    )
    assert suggest_calibration(runs[:1] * 2) == (
        "dlbench calibrate -f torch==2.13.0 --threads 2 --precision float32"
    )
    on_gpu = summary(device="cuda", axes={"threads": "default"})
    assert suggest_calibration([on_gpu]) == "dlbench calibrate -f torch==2.13.0 --device cuda"
    calibrated = msgspec.structs.replace(runs[0], peak_flops=1.0)
    assert suggest_calibration([calibrated]) == ""


def test_a_calibration_is_told_by_what_it_reached() -> None:
    product = make_calibration("k1", 0.5e-9 * FLOPS)
    vector = make_calibration("k2", WEIGHT_BYTES / 12.34e9, VECTOR)
    assert spell_figure(summarize(product)) == "2 GFLOP/s"
    assert spell_figure(summarize(vector)) == "12.34 GB/s"
    failed = make_calibration("k3", 1.0, outcome=make_outcome("timeout", "missing"))
    assert spell_figure(summarize(failed)) == "none"
    sections = dict(describe_record(product))
    assert sections["calibration"] == [("peak", "2 GFLOP/s in the quickest step")]
    assert dict(describe_record(vector))["calibration"][0][0] == "bandwidth"
    assert dict(describe_record(make_run("a1")))["calibration"] == []
