"""How judged rows are laid out: one line a row, with its figures, marks and verdict."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dlbench.differences import describe_disagreements
from dlbench.metrics import METRICS, QUARTILES, Metric
from dlbench.rows import (
    Row,
    describe_versions,
    differing,
    distinguishing_facts,
    shared,
)
from dlbench.stats import Estimate, estimate, find_median
from dlbench.summary import OWN_FACTS
from dlbench.tables import Cell, Column, Missing, Quantity, Table

INTERVAL = "95 % interval"

#: Facts that go without saying when all rows have these values.
ORDINARY = {"GPU": "none", "loss scaling": "none", "processes": "1", "epochs": "0"}


class Line(Struct, frozen=True, kw_only=True):
    """A row with its figure, and how it stands against its baseline where one was asked for."""

    row: Row
    figure: Estimate | None
    #: The place among rows of the same work, None where it has none; then why, in a table of ranks.
    rank: str | None = None
    no_rank: str = ""
    #: In what the row is unlike most that did the same work, in words.
    unequal: tuple[str, ...] = ()
    ratio: Estimate | None = None
    #: A word; empty where no baseline was asked for.
    verdict: str = ""
    #: The baseline as it was asked for, and the row that stands for it here.
    against: str = ""
    baseline: Row | None = None

    def reservations(self) -> list[str]:
        """Return what a reader must know before trusting the row."""
        return [*self.row.marks(), *(f"unequal: {words}" for words in self.unequal)]

    def marks(self) -> str:
        """Return the reservations, and how good what was learnt is, in one text."""
        return "; ".join([*self.reservations(), *self.row.quality()]) or "none"


def lay_out(lines: Sequence[Line], metric: Metric, remarks: Sequence[str]) -> Table:
    """Return a table of one line a row, with its versions, figures, marks and runs."""
    rows = [line.row for line in lines]
    axes, facts = differing(rows), distinguishing_facts(rows)
    beside = [METRICS[name] for name in metric.beside if any(measured(row, name) for row in rows)]
    columns = [
        *rank_columns(lines),
        framework_column(rows),
        Column(name="image", title="image"),
        Column(name="versions", title="versions", below="image"),
        *(Column(name=name.replace(" ", "_"), title=name) for name in (*axes, *facts)),
        replace(metric_column(metric), range=INTERVAL, spare=0),
        *(metric_column(one) for one in beside),
        *verdict_columns(lines),
        Column(name="runs", title="runs", spare=1),
        Column(name="marks", title="marks", footnotes=True),
    ]
    body = [
        (
            *rank_cells(line),
            line.row.cell.framework,
            line.row.cell.image_id,
            describe_versions(line.row.conditions),
            *(line.row.value(name) for name in axes),
            *(line.row.conditions.facts.get(name, "unknown") for name in facts),
            figure_cell(line, metric),
            *(beside_cell(line.row, one) for one in beside),
            *verdict_cells(line),
            line.row.count(),
            line.marks(),
        )
        for line in lines
    ]
    return finish(lines, metric, columns, body, (*axes, *facts), remarks)


def framework_column(rows: Sequence[Row]) -> Column:
    """Return the column of frameworks, which can be spared where images tell them too."""
    told = all(row.cell.image_id.startswith(f"{row.cell.framework}-") for row in rows)
    return Column(name="framework", title="framework", spare=2 if told else 0)


def rank_columns(lines: Sequence[Line]) -> list[Column]:
    """Return the column of ranks, none where no row has one."""
    ranked = any(line.rank is not None for line in lines)
    return [Column(name="rank", title="rank")] if ranked else []


def rank_cells(line: Line) -> list[Cell]:
    """Return the cells of ``rank_columns``."""
    if line.rank is not None:
        return [line.rank]
    return [Missing(reason=line.no_rank)] if line.no_rank else []


def verdict_columns(lines: Sequence[Line], prefix: str = "") -> list[Column]:
    """Return the columns that hold a row against the baseline, none where there is none."""
    against = lines[0].against
    if not against:
        return []
    return [
        Column(name=f"{prefix}ratio", title=f"{prefix}/ {against}", unit="1", range=INTERVAL),
        Column(name=f"{prefix}verdict", title=f"{prefix}verdict", footnotes=True),
    ]


def verdict_cells(line: Line) -> list[Cell]:
    """Return the cells of ``verdict_columns``."""
    if not line.against:
        return []
    return [quantity(line.ratio) if line.ratio else Missing(reason="none"), line.verdict]


def figure_cell(line: Line, metric: Metric) -> Cell:
    """Return the figure with its interval, or why there is none."""
    return quantity(line.figure) if line.figure else Missing(reason=explain(line.row, metric))


def explain(row: Row, metric: Metric) -> str:
    """Say why ``row`` has no figure."""
    return metric.explain(row.good) if row.good else row.runs[-1].outcome


def quantity(figure: Estimate) -> Quantity:
    """Return an estimate as a cell."""
    return Quantity(value=figure.value, low=figure.low, high=figure.high)


def measured(row: Row, name: str) -> bool:
    """Return whether any run of ``row`` has the metric ``name``."""
    return any(METRICS[name].read(run) is not None for run in row.good)


def metric_column(metric: Metric) -> Column:
    """Return the column of a metric beside the main one."""
    spread = "quartiles" if metric.name in QUARTILES else ""
    return Column(
        name=metric.name,
        title=metric.title,
        unit=metric.unit,
        range=spread,
        digits=metric.digits,
        spare=4 if spread else 3,
    )


def beside_cell(row: Row, metric: Metric) -> Cell:
    """Return a metric beside the main one: the median over runs, with their typical quartiles."""
    values = [value for run in row.good if (value := metric.read(run)) is not None]
    if not values:
        return Missing(reason=metric.explain(row.good) if row.good else "none")
    phases = [run.phases.get(QUARTILES.get(metric.name, "")) for run in row.good]
    lower = [phase.lower for phase in phases if phase and phase.lower is not None]
    upper = [phase.upper for phase in phases if phase and phase.upper is not None]
    if not lower or not upper:
        return quantity(Estimate(value=find_median(values), low=None, high=None, runs=len(values)))
    return Quantity(value=estimate(values).value, low=find_median(lower), high=find_median(upper))


def finish(
    lines: Sequence[Line],
    metric: Metric,
    columns: Sequence[Column],
    body: Sequence[tuple[Cell, ...]],
    shown: Sequence[str],
    remarks: Sequence[str],
) -> Table:
    """Put title, caption and notes around the body of a table."""
    rows = [line.row for line in lines]
    newest = rows[0].conditions
    return Table(
        title=f"{newest.cell.scenario}: {metric.title}",
        columns=tuple(columns),
        rows=tuple(body),
        caption=(
            f"{metric.title}: {metric.summary}",
            *(
                f"{column.title}: {METRICS[column.name].summary}"
                for column in columns
                if column.name in QUARTILES and column.name != metric.name
            ),
            describe_runs(rows),
            *describe_ranks(lines),
            "all rows: " + ", ".join(spell_shared(rows, shown)),
            f"scenario digest {newest.digest[:12]}",
        ),
        notes=(*describe_disagreements(rows, shown), *name_failures(rows), *remarks),
    )


def name_failures(rows: Sequence[Row]) -> list[str]:
    """Say where more is to be read about the rows that have no run of use."""
    failures = [
        f"{row.runs[-1].run_id} ({row.cell.image_id})"
        for row in rows
        if not row.good and row.runs[-1].how == "exited"
    ]
    return [f"why there is no figure: dlbench show {', '.join(failures)}"] if failures else []


def describe_ranks(lines: Sequence[Line]) -> list[str]:
    """Say what a rank is, in a table that has some."""
    if not rank_columns(lines):
        return []
    return ["rank: every place that the verdicts between this row and each other leave open"]


def describe_runs(rows: Sequence[Row]) -> str:
    """Say over how many runs the figures are taken."""
    counts = sorted({len(row.good) for row in rows if row.good})
    if not counts:
        return "no run ended well"
    if counts == [1]:
        return "1 run a row: no interval and no verdict can be had"
    span = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"median over {span} runs a row, with the 95 % interval over runs"


def spell_shared(rows: Sequence[Row], shown: Sequence[str]) -> list[str]:
    """Return what all rows have in common, in words: axes, then facts."""
    axes = shared(rows)
    words = [f"{name.replace('_', ' ')} {value}" for name, value in axes.items()]
    for name, value in rows[0].conditions.facts.items():
        is_own = name in OWN_FACTS
        is_said = name.replace(" ", "_") in axes or name in shown or ORDINARY.get(name) == value
        if not (is_own or is_said) and all(row.conditions.facts.get(name) == value for row in rows):
            words.append(f"{name} {value}")
    return words
