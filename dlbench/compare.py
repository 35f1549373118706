"""Compare: chosen runs -> groups by scenario digest -> rows -> figures -> verdicts -> tables.

Runs of different scenario digests did different work and never meet in one table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlbench.baseline import describe_mismatch, find_baselines
from dlbench.errors import UnknownNameError, nearest
from dlbench.layout import Line, lay_out, pivot
from dlbench.metrics import METRICS, Metric
from dlbench.record import Record
from dlbench.rows import Row, keep_newest, pool
from dlbench.stats import Estimate, estimate, estimate_ratio, judge
from dlbench.summary import RunSummary, summarize
from dlbench.tables import Table

#: Metrics by which a scenario may be compared although its file names another.
DEFAULT_METRIC = "step"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a comparison is asked for."""

    #: None: the metric that the scenario names.
    metric: str | None = None
    #: What gets a column for each of its values: ``framework``, ``image`` or an axis.
    by: str | None = None
    #: The row that the others are measured against, as ``find_baselines`` reads it.
    baseline: str | None = None
    #: Pool the runs of all campaigns, not only each cell's newest.
    everything: bool = False


def compare_records(records: Iterable[Record], question: Question | None = None) -> list[Table]:
    """Return the tables of ``records``, all of which count."""
    asked = question or Question(everything=True)
    return compare([summarize(record) for record in records], asked)


def compare(runs: Sequence[RunSummary], question: Question) -> list[Table]:
    """Return a table for every scenario digest among ``runs``, which are oldest first.

    Runs that are no measurements stay out.  Raises UnknownNameError for a metric, axis or baseline
    that there is not.
    """
    runs = measurements(runs)
    if question.metric is not None and question.metric not in METRICS:
        raise UnknownNameError(
            f"unknown metric {question.metric!r}", nearest(question.metric, METRICS)
        )
    groups: dict[str, list[RunSummary]] = {}
    for run in runs:
        groups.setdefault(run.conditions.digest, []).append(run)
    return [
        compare_group(group, question, describe_siblings(digest, groups))
        for digest, group in groups.items()
    ]


def measurements(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the runs that were made to be compared."""
    return [run for run in runs if run.kind == "measurement"]


def newest_scenario(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the runs that did the same work as the newest of ``runs``."""
    return [run for run in runs if run.conditions.digest == runs[-1].conditions.digest]


def describe_siblings(digest: str, groups: dict[str, list[RunSummary]]) -> list[str]:
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


def compare_group(
    runs: Sequence[RunSummary], question: Question, notes: Sequence[str] = ()
) -> Table:
    """Return the table of runs that all did the same work."""
    metric = METRICS[question.metric or known_metric(runs[-1].conditions.metric)]
    chosen = runs if question.everything else keep_newest(runs)
    lines = sort_lines(judge_lines(pool(chosen), metric, question.baseline), metric)
    remarks = list(notes)
    if left_out := len(runs) - len(chosen):
        remarks.append(f"{left_out} older runs of these cells are left out (--all takes them in)")
    remarks += describe_baselines(lines, question.baseline or "")
    if question.by is None:
        return lay_out(lines, metric, remarks)
    return pivot(lines, metric, question.by, remarks)


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


def known_metric(name: str) -> str:
    """Return ``name`` if it is a metric, else the default one."""
    return name if name in METRICS else DEFAULT_METRIC


def measure(row: Row, metric: Metric) -> Estimate | None:
    """Return the figure of ``row``, None where none of its runs has one."""
    values = read_values(row, metric)
    return estimate(values) if values else None


def read_values(row: Row, metric: Metric) -> list[float]:
    """Return the metric of every good run that measured it."""
    values = [metric.read(run) for run in row.good]
    return [value for value in values if value is not None]


def judge_lines(rows: Sequence[Row], metric: Metric, baseline: str | None) -> list[Line]:
    """Measure every row, and hold it against its baseline where one is asked for."""
    return [judge_row(row, rows, metric, baseline) for row in rows]


def judge_row(row: Row, rows: Sequence[Row], metric: Metric, baseline: str | None) -> Line:
    """Measure one row, and hold it against its baseline among ``rows``."""
    figure = measure(row, metric)
    if baseline is None:
        return Line(row=row, figure=figure)
    against = find_baselines(row, rows, baseline)
    if against == [row]:
        verdict = "baseline" if figure else "no figure"
        return Line(row=row, figure=figure, verdict=verdict, against=baseline)
    ours = read_values(row, metric)
    theirs = read_values(against[0], metric) if len(against) == 1 else []
    if not ours or not theirs:
        reason = "several baselines" if len(against) > 1 else "no baseline"
        return Line(
            row=row, figure=figure, verdict=reason if ours else "no figure", against=baseline
        )
    ratio = estimate_ratio(ours, theirs)
    slowness = estimate_ratio(theirs, ours) if metric.higher_is_better else ratio
    return Line(
        row=row,
        figure=figure,
        ratio=ratio,
        verdict=judge(slowness) if metric.is_speed else "not a speed",
        against=baseline,
        baseline=against[0],
    )


def sort_lines(lines: Sequence[Line], metric: Metric) -> list[Line]:
    """Return ``lines`` by the scenario's parameters, then the best figure first, none last."""

    def place(line: Line) -> tuple[object, ...]:
        value = line.figure.value if line.figure else math.inf
        if line.figure and metric.higher_is_better:
            value = -value
        missing = line.figure is None or math.isnan(value)
        return (*parameter_place(line.row), missing, 0.0 if missing else value)

    return sorted(lines, key=place)


def parameter_place(row: Row) -> tuple[tuple[float, str], ...]:
    """Return what sorts rows by the scenario's parameters: numbers as numbers."""
    return tuple(number_first(row.value(name)) for name in row.conditions.parameters)


def number_first(text: str) -> tuple[float, str]:
    """Return a key that sorts numbers by value, before any other text."""
    try:
        return float(text), ""
    except ValueError:
        return math.inf, text
