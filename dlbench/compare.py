"""Compare: chosen runs -> groups by scenario digest -> rows -> figures -> verdicts -> tables.

Runs of different scenario digests did different work and never meet in one table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from dlbench.baseline import find_baselines, work_of
from dlbench.differences import find_outliers, find_unequal
from dlbench.errors import UnknownNameError, nearest
from dlbench.judgement import Band, compare_samples
from dlbench.layout import Line, lay_out
from dlbench.metrics import METRICS, Metric, aim_at, find_metric
from dlbench.peaks import attach_peaks
from dlbench.pivot import pivot
from dlbench.record import Record
from dlbench.remarks import (
    describe_band,
    describe_baselines,
    describe_siblings,
    describe_steps,
)
from dlbench.rows import Row, differing, keep_newest, pool
from dlbench.standings import (
    compare_rows,
    find_standings,
    read_samples,
    spell_verdict,
)
from dlbench.stats import BAND, Estimate, estimate
from dlbench.summary import RunSummary, summarize
from dlbench.tables import Table


class Question(Struct, frozen=True, kw_only=True):
    """What a comparison is asked for."""

    #: None: the metric that the scenario names.
    metric: str | None = None
    #: The accuracy that ``time_to_accuracy`` is the time to; None: the least that is known.
    target: float | None = None
    #: What gets a column for each of its values: ``framework``, ``image`` or an axis.
    by: str | None = None
    #: The row that the others are measured against, as ``find_baselines`` reads it.
    baseline: str | None = None
    #: Pool the runs of all campaigns, not only each cell's newest.
    everything: bool = False
    #: Within which two rows are the same.
    band: Band = BAND
    #: Refuse what is otherwise only marked: rows that are unequal beside what is compared.
    strict: bool = False


class Judged(Struct, frozen=True, kw_only=True):
    """The rows of one scenario digest, each with its figure and how it stands."""

    metric: Metric
    lines: Sequence[Line]
    remarks: Sequence[str]


def compare_records(
    records: Iterable[Record],
    question: Question | None = None,
    calibrations: Sequence[RunSummary] = (),
) -> list[Table]:
    """Return the tables of ``records``, all of which count; ``calibrations`` may speak for them."""
    asked = question or Question(everything=True)
    return compare(attach_peaks([summarize(record) for record in records], calibrations), asked)


def compare(runs: Sequence[RunSummary], question: Question) -> list[Table]:
    """Return a table for every scenario digest among ``runs``, which are oldest first.

    Runs that are no measurements stay out.  Raises UnknownNameError for a metric, axis or baseline
    that there is not.
    """
    return [lay_out_group(judged, question) for judged in judge(runs, question)]


def lay_out_group(judged: Judged, question: Question) -> Table:
    """Return the table of what was judged."""
    if question.by is None:
        return lay_out(judged.lines, judged.metric, judged.remarks)
    return pivot(judged.lines, judged.metric, question.by, judged.remarks)


def judge(runs: Sequence[RunSummary], question: Question) -> list[Judged]:
    """Return the judged rows of every scenario digest among ``runs``, which are oldest first.

    Runs that are no measurements stay out.  Raises UnknownNameError for a metric or baseline that
    there is not.
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
        judge_group(group, question, describe_siblings(digest, groups))
        for digest, group in groups.items()
    ]


def measurements(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the runs that were made to be compared."""
    return [run for run in runs if run.kind == "measurement"]


def newest_scenario(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the runs that did the same work as the newest of ``runs``."""
    return [run for run in runs if run.conditions.digest == runs[-1].conditions.digest]


def judge_group(
    runs: Sequence[RunSummary], question: Question, remarks: Sequence[str] = ()
) -> Judged:
    """Return the rows of runs that all did the same work, with figures, ranks and verdicts."""
    metric = choose_metric(question, runs)
    chosen = runs if question.everything else keep_newest(runs)
    rows = pool(chosen)
    lines = [judge_row(row, rows, metric, question) for row in rows]
    lines = sort_lines(add_ranks(lines, metric, question), metric)
    notes = list(remarks)
    if left_out := len(runs) - len(chosen):
        notes.append(f"{left_out} older runs of these cells are left out (--all takes them in)")
    notes += describe_baselines(lines, question.baseline or "")
    notes += describe_band(question.band)
    notes += describe_steps(rows, metric, question.band)
    return Judged(metric=metric, lines=lines, remarks=notes)


def choose_metric(question: Question, runs: Sequence[RunSummary]) -> Metric:
    """Return the metric asked for, or that of the scenario of ``runs``."""
    if question.metric == "time_to_accuracy" and question.target is not None:
        return aim_at(question.target)
    return METRICS[question.metric] if question.metric else find_metric(runs)


def measure(row: Row, metric: Metric) -> Estimate | None:
    """Return the figure of ``row``, None where none of its runs has one."""
    values = list(read_samples(row, metric).values())
    return estimate(values) if values else None


def judge_row(row: Row, rows: Sequence[Row], metric: Metric, question: Question) -> Line:
    """Measure one row, and hold it against its baseline among ``rows``."""
    line = Line(row=row, figure=measure(row, metric))
    if question.baseline is None:
        return line
    line = replace(line, against=question.baseline)
    against = find_baselines(row, rows, question.baseline)
    if obstacle := find_obstacle(line, against, metric):
        return replace(line, verdict=obstacle)
    return hold_against(line, against[0], metric, question)


def find_obstacle(line: Line, against: Sequence[Row], metric: Metric) -> str:
    """Say what stands in place of a verdict, empty where there can be one."""
    if line.figure is None:
        return "no figure"
    if line.row.barred:
        return "barred"
    if against == [line.row]:
        return "baseline"
    if len(against) > 1:
        return "several baselines"
    if not against or measure(against[0], metric) is None:
        return "no baseline"
    return "baseline barred" if against[0].barred else ""


def hold_against(line: Line, baseline: Row, metric: Metric, question: Question) -> Line:
    """Give ``line`` its ratio to ``baseline``, and the verdict, marked where it is not fair."""
    unequal = ", ".join(find_unequal(line.row, baseline))
    if unequal and question.strict:
        return replace(line, verdict=f"refused (unequal: {unequal})", baseline=baseline)
    ours, theirs = read_samples(line.row, metric), read_samples(baseline, metric)
    ratio = compare_samples(ours, theirs, band=question.band).ratio
    if not metric.is_speed:
        verdict = "not a speed"
    else:
        verdict = spell_verdict(compare_rows(line.row, baseline, metric, question.band))
        verdict += f", unequal: {unequal}" if unequal else ""
    return replace(line, ratio=ratio, verdict=verdict, baseline=baseline)


def add_ranks(lines: Sequence[Line], metric: Metric, question: Question) -> list[Line]:
    """Return ``lines`` with their rank among the rows of the same work, where there is an order.

    Rows that are unlike most in what must be equal are marked; a strict table does not rank them.
    """
    marked = mark_outliers(lines)
    if not metric.is_speed:
        return marked
    chosen = [line.row for line in marked if not (question.strict and line.unequal)]
    ranks = {
        id(row): rank
        for standing in find_standings(chosen, metric, question.band)
        if standing.has_intervals
        for row, rank in zip(standing.rows, standing.ranks, strict=True)
    }
    if not ranks:
        return marked
    return [
        replace(line, rank=ranks.get(id(line.row)), no_rank=explain_no_rank(line))
        for line in marked
    ]


def mark_outliers(lines: Sequence[Line]) -> list[Line]:
    """Return ``lines``, marked where a row is unlike most of those that did the same work."""
    shown = differing([line.row for line in lines])
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(repr(work_of(line.row)), []).append(line)
    return [
        replace(line, unequal=tuple(words))
        for group in groups.values()
        for line, words in zip(
            group, find_outliers([line.row for line in group], shown), strict=True
        )
    ]


def explain_no_rank(line: Line) -> str:
    """Say why a row has no rank in a table that has ranks."""
    if line.figure is None:
        return "none"
    if line.row.barred:
        return "barred"
    return "refused" if line.unequal else "alone"


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
