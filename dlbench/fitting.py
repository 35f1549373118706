"""Fitting a table to the width of a terminal: what is least needed leaves first, and is said.

In this order, only as far as needed: words that stand for nothing get shorter; long texts become
footnotes; columns that each row has its own text in go below the table; figures beside the main one
are left out, by ``Column.spare``.  What is left is what a table is about, however wide.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from dlbench.tables import Cell, Column, Missing, Table, for_people

#: Between two columns, and behind a title that is longer than what stands below it.
GAP = 2
PADDING = 2
#: A text longer than this becomes a footnote, where it may.
LONGEST_TEXT = 20

SHORTER = {"not applicable": "n/a"}

_CLAUSE_END = re.compile(r"[:;,(]")


def fit(table: Table, width: int) -> Table:
    """Return ``table`` as it fits into ``width`` characters, or as narrow as it can be."""
    measures: list[Callable[[Table], Table]] = [shorten_words, put_below, add_footnotes]
    for measure in measures:
        if find_width(table) > width:
            table = measure(table)
    left_out: list[str] = []
    while find_width(table) > width and (place := find_spare(table)) is not None:
        left_out.append(table.columns[place].title)
        table = drop(table, place)
    if not left_out:
        return table
    note = f"left out for want of width: {', '.join(left_out)} (--wide shows all)"
    return replace(table, notes=(*table.notes, note))


def find_width(table: Table) -> int:
    """Return how many characters wide the body of ``table`` is as text."""
    titles, rows = for_people(table)
    widths = [
        max(len(title) + PADDING, *(len(row[place]) for row in rows))
        for place, title in enumerate(titles)
    ]
    return sum(widths) + GAP * (len(widths) - 1)


def shorten_words(table: Table) -> Table:
    """Return ``table`` with the usual abbreviations."""
    rows = tuple(
        tuple(SHORTER.get(cell, cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    return replace(table, rows=rows)


def put_below(table: Table) -> Table:
    """Return ``table`` with the columns that have a place below it there."""
    for place in reversed(range(len(table.columns))):
        column = table.columns[place]
        if column.footnotes and all(row[place] == "none" for row in table.rows):
            table = replace(drop(table, place), notes=(*table.notes, f"{column.title}: none"))
        if not column.below:
            continue
        names = [column.name for column in table.columns]
        heads = names.index(column.below) if column.below in names else 0
        texts = dict.fromkeys(f"{row[heads]}: {row[place]}" for row in table.rows)
        note = f"{column.title}: {'; '.join(texts)}"
        table = replace(drop(table, place), notes=(*table.notes, note))
    return table


def add_footnotes(table: Table) -> Table:
    """Return ``table`` with long texts and reasons cut to their first words, whole below."""
    numbers: dict[str, int] = {}
    rows = tuple(
        tuple(
            note_cell(column, cell, numbers)
            for column, cell in zip(table.columns, row, strict=True)
        )
        for row in table.rows
    )
    notes = [f"({number}) {text}" for text, number in numbers.items()]
    return replace(table, rows=rows, notes=(*notes, *table.notes))


def note_cell(column: Column, cell: Cell, numbers: dict[str, int]) -> Cell:
    """Return ``cell``, cut where it is a long text; ``numbers`` has the footnotes so far."""
    text = cell.reason if isinstance(cell, Missing) else cell if column.footnotes else None
    if not isinstance(text, str) or len(text) <= LONGEST_TEXT:
        return cell
    clause = _CLAUSE_END.split(text)[0].strip()
    first = textwrap.shorten(clause, LONGEST_TEXT, placeholder="") or clause[:LONGEST_TEXT]
    short = f"{first} ({numbers.setdefault(text, len(numbers) + 1)})"
    return Missing(reason=short) if isinstance(cell, Missing) else short


def find_spare(table: Table) -> int | None:
    """Return the place of the column that is missed least, None where none can be spared."""
    places: Sequence[int] = [
        place for place, column in enumerate(table.columns) if column.spare > 0
    ]
    return max(places, key=lambda place: table.columns[place].spare, default=None)


def drop(table: Table, place: int) -> Table:
    """Return ``table`` without one column."""
    return replace(
        table,
        columns=table.columns[:place] + table.columns[place + 1 :],
        rows=tuple(row[:place] + row[place + 1 :] for row in table.rows),
    )
