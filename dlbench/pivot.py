"""How judged rows are laid out side by side: one column for each value of something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from dlbench.errors import UnknownNameError, nearest
from dlbench.layout import (
    INTERVAL,
    Line,
    figure_cell,
    finish,
    metric_column,
    verdict_cells,
    verdict_columns,
)
from dlbench.metrics import Metric
from dlbench.rows import (
    NOT_APPLICABLE,
    Row,
    describe_versions,
    differing,
    distinguishing_facts,
)
from dlbench.tables import Cell, Column, Missing, Table


def pivot(lines: Sequence[Line], metric: Metric, by: str, remarks: Sequence[str]) -> Table:
    """Return a table with a column for each value of ``by``, and a line for all that remains."""
    rows = [line.row for line in lines]
    across, down = split_identity(rows, by)
    facts = distinguishing_facts(rows)
    heads = list(dict.fromkeys(head(row, across) for row in rows))
    places: dict[tuple[str, ...], dict[str, Line]] = {}
    for line in lines:
        stub = (
            *(line.row.value(name) for name in down),
            *(line.row.conditions.facts.get(name, "unknown") for name in facts),
            *line.reservations(),
        )
        places.setdefault(stub, {})[head(line.row, across)] = line
    named = len(down) + len(facts)
    stubs = [
        *(Column(name=name.replace(" ", "_"), title=name) for name in (*down, *facts)),
        Column(name="marks", title="marks", footnotes=True),
    ]
    columns = [
        *stubs,
        *(column for name in heads for column in pivot_columns(name, metric, lines)),
    ]
    body = [
        (
            *stub[:named],
            "; ".join([*stub[named:], *join_quality(found)]) or "none",
            *(cell for name in heads for cell in pivot_cells(found.get(name), lines, metric)),
        )
        for stub, found in places.items()
    ]
    shown = (*across, *down, *facts)
    return finish(lines, metric, columns, body, shown, [*remarks, *list_versions(rows)])


def join_quality(lines: Mapping[str, Line]) -> list[str]:
    """Return how good what was learnt is: once where it is the same of all, else by column."""
    words = {name: "; ".join(line.row.quality()) for name, line in lines.items()}
    if len(set(words.values())) == 1:
        return [one for one in set(words.values()) if one]
    return [f"{name}: {one}" for name, one in words.items() if one]


def list_versions(rows: Sequence[Row]) -> list[str]:
    """Return a line for each image with its versions, as a run that ended well found them."""
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: not row.good):
        found.setdefault(row.cell.image_id, describe_versions(row.conditions))
    return [f"{image}: {versions}" for image, versions in sorted(found.items())]


def split_identity(rows: Sequence[Row], by: str) -> tuple[list[str], list[str]]:
    """Return what heads the columns and what heads the lines; raises UnknownNameError.

    An axis that only one framework has cannot head lines, or no two would share one: it goes
    with the framework.
    """
    names = dict.fromkeys(name for row in rows for name in row.identity)
    if by not in names:
        raise UnknownNameError(f"nothing here is called {by!r}", nearest(by, names))
    axes = [name for name in differing(rows) if name != by]
    if by not in {"framework", "image"}:
        return [by], ["framework", "image", *axes]
    partial = [
        name
        for name in axes
        if len({row.value(by) for row in rows if row.value(name) != NOT_APPLICABLE}) < 2
    ]
    images = {(row.value("framework"), row.value("image")) for row in rows}
    several = by == "framework" and len(images) > len({one for one, _ in images})
    across = [by, *(["image"] if several else []), *partial]
    return across, [name for name in axes if name not in partial]


def head(row: Row, across: Sequence[str]) -> str:
    """Return the words above a column: names for themselves, axes with their value."""
    parts = [
        row.value(name) if name in {"framework", "image"} else f"{name}={row.value(name)}"
        for name in across
        if row.value(name) != NOT_APPLICABLE
    ]
    return " ".join(parts) or f"{across[0]} {NOT_APPLICABLE}"


def pivot_columns(name: str, metric: Metric, lines: Sequence[Line]) -> list[Column]:
    """Return the columns of one value: the figure, and its ratio where one was asked for."""
    figure = replace(metric_column(metric), name=name, title=name, range=INTERVAL, spare=0)
    return [figure, *verdict_columns(lines, f"{name} ")]


def pivot_cells(line: Line | None, lines: Sequence[Line], metric: Metric) -> list[Cell]:
    """Return the cells of ``pivot_columns``; nothing was executed where there is no line."""
    if line is None:
        nothing = Missing(reason="not executed")
        return [nothing] * (1 + len(verdict_columns(lines)))
    return [figure_cell(line, metric), *verdict_cells(line)]
