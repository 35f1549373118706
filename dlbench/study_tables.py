"""The tables of a study: published figures beside the measured ones, in the study's own layout.

A table lists its figures one below the other, or has a column for each value of one axis.  Ratios
are published to published and measured to measured: they compare across machines, seconds do not.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.layout import INTERVAL
from dlbench.published import PublishedRow
from dlbench.study_figures import LINES, Entry, Evidence, FilledTable, Group, fill_tables
from dlbench.study_remarks import remark
from dlbench.summary import RunSummary
from dlbench.tables import Cell, Column, Missing, Quantity, Table

#: What a range among published figures means.
RANGE = "range stated"

#: Of a line that has no image; why is said below.
NOT_AVAILABLE = "not available"

#: The axis that the title of a line tells already.
TOLD = frozenset({"backend"})


def tabulate_study(evidence: Evidence) -> list[Table]:
    """Return the tables of a study, in the order of its file."""
    return [lay_out(filled, evidence) for filled in fill_tables(evidence)]


def lay_out(filled: FilledTable, evidence: Evidence) -> Table:
    """Return one table with what must be said above and below it."""
    columns, rows = lay_out_columns(filled) if filled.table.across else lay_out_list(filled)
    return Table(
        title=f"{evidence.study.name}: {filled.table.title}",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=(describe_machines(filled, evidence), *describe_ratios(filled)),
        notes=tuple(remark(filled, evidence)),
    )


def lay_out_list(filled: FilledTable) -> tuple[list[Column], list[tuple[Cell, ...]]]:
    """Return a line for each entry, group below group."""
    axes = list_axes(filled)
    best = "/ best"
    columns = [
        *stub_columns(filled, axes),
        Column(name="published", title="published", unit=filled.unit, range=RANGE),
        Column(name="published_ratio", title=best, unit="1"),
        Column(name="measured", title="measured", unit=filled.unit, range=INTERVAL),
        Column(name="measured_ratio", title=best, unit="1"),
        Column(name="marks", title="marks", footnotes=True),
    ]
    rows = [
        (
            *stub_cells(filled, group.figure.title, entry, axes),
            published_cell(entry, filled.unit),
            ratio_cell(entry.stated, group.best_stated),
            measured_cell(entry, filled.unit),
            ratio_cell(entry.sound, group.best_measured),
            "; ".join(entry.marks) or "none",
        )
        for group in filled.groups
        for entry in group.entries
    ]
    return columns, rows


def lay_out_columns(filled: FilledTable) -> tuple[list[Column], list[tuple[Cell, ...]]]:
    """Return a line for each figure and line of the study, and columns for the axis across."""
    axes = list_axes(filled)
    values = list(dict.fromkeys(group.value for group in filled.groups))
    columns = stub_columns(filled, axes)
    for value in values:
        name = f"{filled.table.across} {value}"
        key = name.replace(" ", "_")
        columns += [
            Column(name=key, title=name, unit=filled.unit, range=INTERVAL),
            Column(name=f"{key}_ratio", title=f"/ best at {value}", unit="1", spare=1),
        ]
    columns += [
        Column(name="published", title="published", footnotes=True),
        Column(name="marks", title="marks", footnotes=True),
    ]
    rows = []
    for title in dict.fromkeys(group.figure.title for group in filled.groups):
        groups = [group for group in filled.groups if group.figure.title == title]
        rows += [
            (
                *stub_cells(filled, title, entries[0], axes),
                *(
                    cell
                    for group, entry in zip(groups, entries, strict=True)
                    for cell in (
                        measured_cell(entry, filled.unit),
                        ratio_cell(entry.sound, group.best_measured),
                    )
                ),
                spell_published(entries, groups, filled),
                join_marks(entries),
            )
            for entries in zip(*(group.entries for group in groups), strict=True)
        ]
    return columns, rows


def list_axes(filled: FilledTable) -> list[str]:
    """Return the axes that tell the lines of a table apart."""
    lines = [entry.line for entry in filled.list_entries()]
    names = dict.fromkeys(name for line in lines for name in line.axes if name not in TOLD)
    return list(names)


def stub_columns(filled: FilledTable, axes: Sequence[str]) -> list[Column]:
    """Return the columns that say of what a line is."""
    several = len({group.figure.title for group in filled.groups}) > 1
    return [
        *([Column(name="figure", title="figure")] if several else []),
        Column(name="framework", title="framework"),
        *(Column(name=name, title=name) for name in axes),
        Column(name="then", title="compared then", footnotes=True),
        Column(name="here", title="here"),
    ]


def stub_cells(filled: FilledTable, title: str, entry: Entry, axes: Sequence[str]) -> list[Cell]:
    """Return the cells of ``stub_columns``."""
    several = len({group.figure.title for group in filled.groups}) > 1
    return [
        *([title] if several else []),
        entry.line.title,
        *(entry.line.axes.get(name, "none") for name in axes),
        entry.line.original or ("none" if entry.line.beyond else "not stated"),
        entry.versions or "none",
    ]


def published_cell(entry: Entry, unit: str) -> Cell:
    """Return what was published of a place, or that nothing was."""
    row = entry.published
    if row is None:
        return Missing(reason="none" if entry.line.beyond else "not stated")
    factor = row.kind.factor
    if row.number is not None:
        low, high = row.range or (None, None)
        ends = [None if end is None else end * factor for end in (low, high)]
        return number_cell(row.number * factor, unit, *ends)
    return Missing(reason=spell_row(row, unit))


def spell_row(row: PublishedRow, unit: str) -> str:
    """Return a published figure in words, in the unit of the table."""
    factor, word = row.kind.factor, "" if unit == "1" else f" {unit}"
    if row.at_most is not None:
        return f"at most {row.at_most * factor:g}{word}"
    if row.number is None:
        return row.missing
    about = "about " if "approximate" in row.note else ""
    if row.range:
        low, high = row.range
        return f"{low * factor:g} to {high * factor:g}{word}"
    return f"{about}{row.number * factor:g}{word}"


def spell_published(entries: Sequence[Entry], groups: Sequence[Group], filled: FilledTable) -> str:
    """Return what was published of one line, at which values of the axis across."""
    said: dict[str, list[str]] = {}
    for entry, group in zip(entries, groups, strict=True):
        if entry.published is not None:
            text = spell_row(entry.published, filled.unit)
            text += f" ({entry.bound})" if entry.bound else ""
            said.setdefault(text, []).append(group.value)
    across = filled.table.across
    words = [
        text if len(values) == len(groups) else f"{text} at {across} {', '.join(values)}"
        for text, values in said.items()
    ]
    return "; ".join(words) or ("none" if entries[0].line.beyond else "not stated")


def measured_cell(entry: Entry, unit: str) -> Cell:
    """Return what was measured of a place, or why nothing was."""
    found = entry.measured
    if found is None:
        # What holds for a whole line is said once, below the table.
        return Missing(reason=entry.reason if entry.image else NOT_AVAILABLE)
    return number_cell(found.value, unit, found.low, found.high)


def number_cell(
    value: float, unit: str, low: float | None = None, high: float | None = None
) -> Cell:
    """Return a number of a unit; what is counted is shown as it is."""
    return int(value) if unit == LINES else Quantity(value=value, low=low, high=high)


def join_marks(entries: Sequence[Entry]) -> str:
    """Return the marks of all places of a line; one that differs in its figures stands without."""
    found: dict[str, list[str]] = {}
    for mark in dict.fromkeys(mark for entry in entries for mark in entry.marks):
        found.setdefault(mark.partition(" (")[0], []).append(mark)
    marks = [name if len(alike) > 1 else alike[0] for name, alike in found.items()]
    return "; ".join(marks) or "none"


def ratio_cell(number: float | None, best: float | None) -> Cell:
    """Return a figure by the best of its group."""
    if number is None or not best:
        return Missing(reason="none")
    return Quantity(value=number / best)


def describe_machines(filled: FilledTable, evidence: Evidence) -> str:
    """Say on what was published and measured, and that seconds do not compare."""
    published = evidence.published.device or "hardware that is not stated"
    runs = [run for entry in filled.list_entries() for run in entry.runs]
    machines = list(dict.fromkeys(map(describe_machine, runs)))
    if filled.unit == LINES:
        counted = evidence.source_lines
        return (
            f"measured: by {counted.tool}: {counted.rule}" if counted.tool else "measured: nothing"
        )
    if not machines:
        return f"published: {published}; measured: nothing"
    text = f"published: {published}; measured: {' and '.join(machines)}"
    different = "s" in filled.unit.split()
    return text + (": hold the ratios against each other, not the seconds" if different else "")


def describe_ratios(filled: FilledTable) -> list[str]:
    """Say to what ratios are, where it is not simply the best of the column."""
    if any(group.has_common_basis for group in filled.groups):
        return ["/ best: by the best of the rows that have both figures"]
    return []


def describe_machine(run: RunSummary) -> str:
    """Return the hardware of a run in words."""
    facts = run.conditions.facts
    gpu = "" if facts.get("GPU", "none") == "none" else f", {facts['GPU']}"
    return f"{facts.get('CPU', 'unknown CPU')}, {facts.get('CPUs', '?')} CPUs{gpu}"
