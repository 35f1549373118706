"""Peaks: what calibration reached on a machine, and which runs it speaks for.

A calibration is a campaign of runs of two built-in scenarios.  Its figure is the best step of all
its runs: a peak is what a machine can do when nothing disturbs it.  Of several calibrations the
newest counts, so that calibrating anew mends a bad one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from dlbench.summary import RunSummary

#: What a calibration measures, by the name of its scenario.
PRODUCT = "matrix-product"
VECTOR = "matrix-vector"

#: Facts in which a calibration must agree with what it speaks for.
FACTS = ("host", "CPU", "CPUs", "GPU", "threads", "precision", "image build")

Place: TypeAlias = tuple[str, ...]


class Peak(Struct, frozen=True, kw_only=True):
    """What one calibration reached: ``rate`` in FLOP/s or bytes/s, and the run that did."""

    rate: float
    unit: Literal["FLOP/s", "bytes/s"]
    run: RunSummary


def find_place(run: RunSummary) -> Place:
    """Return the machine, image, device, threads and precision of ``run``."""
    facts = run.conditions.facts
    return (run.cell.image_id, run.cell.device, *(facts.get(name, "") for name in FACTS))


def read_peak(run: RunSummary) -> Peak | None:
    """Return what the quickest step of a calibration run reached; None where it has none."""
    step = run.phases.get("step")
    if run.kind != "calibration" or not run.ok or step is None or not step.least:
        return None
    if run.cell.scenario == VECTOR:
        return Peak(rate=run.conditions.weight_bytes / step.least, unit="bytes/s", run=run)
    return Peak(rate=run.conditions.step_flops / step.least, unit="FLOP/s", run=run)


def find_peaks(runs: Iterable[RunSummary]) -> dict[Place, list[Peak]]:
    """Return what each calibration among ``runs`` reached, by scenario and place.

    ``runs`` are oldest first, and so are the calibrations.  One that was ended early may lack the
    very run that would have been best, and counts for nothing.
    """
    calibrations = [run for run in runs if run.kind == "calibration"]
    unfinished = {run.campaign for run in calibrations if run.how in {"interrupted", "lost"}}
    found: dict[Place, dict[str, Peak]] = {}
    for run in calibrations:
        peak = read_peak(run)
        if peak is None or run.campaign in unfinished:
            continue
        campaigns = found.setdefault((run.cell.scenario, *find_place(run)), {})
        known = campaigns.get(run.campaign)
        if known is None or peak.rate > known.rate:
            campaigns[run.campaign] = peak
    return {place: list(campaigns.values()) for place, campaigns in found.items()}


def attach_peaks(
    runs: Sequence[RunSummary], calibrations: Iterable[RunSummary]
) -> Sequence[RunSummary]:
    """Return ``runs`` with the peak of the newest calibration that speaks for each.

    A quick calibration is a try, and speaks for nothing.
    """
    serious = [run for run in calibrations if not run.cell.quick]
    newest = {place: peaks[-1].rate for place, peaks in find_peaks(serious).items()}
    if not newest:
        return runs
    return [
        msgspec.structs.replace(run, peak_flops=newest.get((PRODUCT, *find_place(run))))
        for run in runs
    ]


def spell_rate(rate: float, unit: str) -> str:
    """Return FLOP/s or bytes/s in words."""
    return f"{rate / 1e9:.4g} " + ("GB/s" if unit == "bytes/s" else f"G{unit}")


def suggest_calibration(runs: Iterable[RunSummary]) -> str:
    """Say how to calibrate what ``runs`` lack a peak for; empty where they lack none."""
    missing = [run for run in runs if run.peak_flops is None]
    if not missing:
        return ""
    words = ["dlbench calibrate"]
    words += dict.fromkeys(f"-f {spell_framework(run)}" for run in missing)
    for name in ("device", "threads", "precision"):
        values = {run.cell.device if name == "device" else run.axes.get(name) for run in missing}
        told = values - {None, "cpu", "default"}
        if told:
            words.append(f"--{name} {','.join(sorted(map(str, told)))}")
    return " ".join(words)


def spell_framework(run: RunSummary) -> str:
    """Return the framework of ``run`` with its version, as the command line takes it."""
    version = next(iter(run.conditions.stated.values()), "")
    return f"{run.cell.framework}=={version}" if version else run.cell.framework
