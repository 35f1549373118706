"""What is said under a table of records: other work, odd baselines, what compiling costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlbench.baseline import describe_mismatch
from dlbench.judgement import Band
from dlbench.layout import Line
from dlbench.metrics import METRICS, Metric
from dlbench.payback import describe_paybacks
from dlbench.peaks import suggest_calibration
from dlbench.rows import Row
from dlbench.standings import compare_rows
from dlbench.stats import BAND
from dlbench.summary import RunSummary

#: Metrics beside which it is said after how many steps compiling pays back.
ABOUT_STEPS = frozenset({"step", "stepwise", "build", "first_step", "cost"})

#: A share of the peak that noise does not explain.
MOST_SHARE = 1.05


def describe_siblings(digest: str, groups: Mapping[str, Sequence[RunSummary]]) -> list[str]:
    """Say that other groups have the same scenario name and yet cannot be compared."""
    name = groups[digest][0].cell.scenario
    others = [
        other[:12]
        for other, runs in groups.items()
        if other != digest and runs[0].cell.scenario == name
    ]
    if not others:
        return []
    return [
        f"{name} was another network, data or optimizer in other records "
        f"(digest {', '.join(others)}): they did other work and have a table of their own"
    ]


def describe_baselines(lines: Sequence[Line], name: str) -> list[str]:
    """Say which rows are held against an unlike baseline, and which could not be."""
    remarks = [
        describe_mismatch(line.row, line.baseline) for line in lines if line.baseline is not None
    ]
    if any(line.verdict == "several baselines" for line in lines):
        remarks.append(
            f"several rows fit the baseline {name} equally: narrow it by an axis, as in "
            f"{name}:AXIS=VALUE"
        )
    return [remark for remark in remarks if remark]


def describe_steps(rows: Sequence[Row], metric: Metric, band: Band) -> list[str]:
    """Say when compiling pays back, and how to learn the share of the peak where it is unknown."""
    notes: list[str] = []
    if metric.name in ABOUT_STEPS:
        notes += describe_paybacks(
            rows, lambda row, plain: compare_rows(row, plain, METRICS["step"], band)
        )
    suggestion = suggest_calibration(row.good[-1] for row in rows if row.good)
    if suggestion and "peak_share" in {metric.name, *metric.beside}:
        notes.append(f"share of peak, not calibrated: {suggestion}")
    if "peak_share" in {metric.name, *metric.beside}:
        notes += describe_excess(rows)
    return notes


def describe_excess(rows: Sequence[Row]) -> list[str]:
    """Say which images are faster than their peak, and what that may mean."""
    shares = {
        row.cell.image_id: share
        for row in rows
        if row.good and (share := METRICS["peak_share"].read(row.good[-1])) is not None
    }
    above = [image for image, share in shares.items() if share > MOST_SHARE]
    if not above:
        return []
    return [
        f"above the peak: {', '.join(above)}: its calibration was disturbed (dlbench calibrate, "
        "while the machine is quiet), or it computes less than the network states"
    ]


def describe_band(band: Band) -> list[str]:
    """Say what "same" means where it is not the usual."""
    if band == "noise":
        return [f"same: within the noise of a round, at least {100 * BAND:.3g} %"]
    return [f"same: within {100 * band:.3g} %"] if band != BAND else []
