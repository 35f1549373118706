"""A table as a value, and its forms: text, GitHub Markdown, CSV, LaTeX, JSON.

For people, a column of numbers gets one unit that reads well and as many digits as its smallest
number needs; CSV and JSON keep the column's own unit and every digit.  No cell is ever blank.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

#: Reasons longer than this are cut in the forms for people; CSV and JSON keep them whole.
LONGEST_REASON = 60

#: Unit -> what people read instead, as (least value, factor, name), the greatest first.
SCALES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "s": ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "us")),
    "share": ((0.0, 100.0, "%"),),
    "FLOP/s": ((1e12, 1e-12, "TFLOP/s"), (1e9, 1e-9, "GFLOP/s"), (0.0, 1e-6, "MFLOP/s")),
    "bytes/s": ((1e12, 1e-12, "TB/s"), (0.0, 1e-9, "GB/s")),
    "bytes": ((2.0**30, 2.0**-30, "GiB"), (2.0**20, 2.0**-20, "MiB"), (0.0, 2.0**-10, "KiB")),
}
#: Digits that the smallest number of a column shows, unless the column says otherwise.
SIGNIFICANT = 3


class Quantity(Struct, frozen=True, kw_only=True):
    """A number in its column's unit, with a range where the column has one and it is known."""

    value: float
    low: float | None = None
    high: float | None = None


class Missing(Struct, frozen=True, kw_only=True):
    """Why there is no number."""

    reason: str


Cell: TypeAlias = str | int | Quantity | Missing


class Column(Struct, frozen=True, kw_only=True):
    """``name`` is for programs, ``title`` for people; ``unit`` is of numbers, "1" of plain ones.

    ``range`` says what low and high are (``95 % interval``, ``quartiles``), empty for neither.
    The others say what becomes of the column where a table has to be narrower.
    """

    name: str
    title: str
    unit: str = ""
    range: str = ""
    #: Digits that its smallest number shows to people.
    digits: int = SIGNIFICANT
    #: The higher, the sooner it is left out; 0 stays.
    spare: int = 0
    #: The column that names whose text this is, where it may go below the table.
    below: str = ""
    #: Whether its long texts may become footnotes.
    footnotes: bool = False
    #: Whether people read its numbers with every digit too, in the column's own unit.
    exact: bool = False


class Table(Struct, frozen=True, kw_only=True):
    """Rows of one cell a column, with what must be said above and below them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Format: TypeAlias = Literal["text", "github", "csv", "latex", "json"]


def render(tables: Sequence[Table], form: Format = "text") -> str:
    """Return ``tables`` in ``form``, without a newline at the end."""
    if form == "json":
        return render_json(tables)
    write: Callable[[Table], str] = {
        "text": render_text,
        "github": render_github,
        "csv": render_csv,
        "latex": render_latex,
    }[form]
    return "\n\n".join(write(table) for table in tables)


def render_text(table: Table) -> str:
    """Return ``table`` for a terminal."""
    from tabulate import tabulate

    titles, rows = for_people(table)
    # tabulate would take "1" for a number and line it up by itself.
    body = tabulate(
        rows, titles, tablefmt="simple", disable_numparse=True, colalign=alignments(table)
    )
    return "\n".join([table.title, *table.caption, "", body, *_below(table.notes)])


def render_github(table: Table) -> str:
    """Return ``table`` as GitHub Markdown."""
    from tabulate import tabulate

    titles, rows = for_people(table)
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    body = tabulate(
        escaped, titles, tablefmt="github", disable_numparse=True, colalign=alignments(table)
    )
    above = [f"**{table.title}**", *(f"\n{line}" for line in table.caption)]
    return "\n".join([*above, "", body, *_below([f"- {note}" for note in table.notes])])


def render_latex(table: Table) -> str:
    """Return ``table`` as a LaTeX table (package booktabs)."""
    from tabulate import tabulate

    titles, rows = for_people(table)
    body = tabulate(
        rows, titles, tablefmt="latex_booktabs", disable_numparse=True, colalign=alignments(table)
    )
    caption = escape_latex(" ".join([f"{table.title}.", *table.caption, *table.notes]))
    return "\n".join([
        r"\begin{table}", r"\centering", body, rf"\caption{{{caption}}}", r"\end{table}",
    ])  # fmt: skip


def render_csv(table: Table) -> str:
    """Return ``table`` as CSV: one line of names with units, ranges in columns of their own."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["table", *(name for column in table.columns for name in csv_names(column))])
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        writer.writerow([table.title, *(text for pair in cells for text in csv_cells(*pair))])
    return stream.getvalue().rstrip("\n")


def csv_names(column: Column) -> list[str]:
    """Return the names of the CSV columns that ``column`` becomes."""
    unit = {"": "", "1": "", "share": "", "FLOP/s": "", "s": "_seconds"}.get(
        column.unit, f"_{column.unit}".replace("/", "_per_")
    )
    names = [f"{column.name}{unit}"]
    if column.range:
        names += [f"{column.name}_low{unit}", f"{column.name}_high{unit}"]
    return names


def csv_cells(column: Column, cell: Cell) -> list[str]:
    """Return the CSV fields of ``cell``: a missing number has its reason in each."""
    width = 3 if column.range else 1
    if isinstance(cell, Quantity):
        numbers = [cell.value, cell.low, cell.high][:width]
        return ["none" if number is None else repr(number) for number in numbers]
    return [cell.reason if isinstance(cell, Missing) else str(cell)] * width


def render_json(tables: Sequence[Table]) -> str:
    """Return ``tables`` as one JSON document; numbers are whole, non-finite ones are spelled."""
    import msgspec

    document = {"format": 1, "tables": [for_json(table) for table in tables]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def for_json(table: Table) -> dict[str, object]:
    """Return ``table`` as JSON values."""
    return {
        "title": table.title,
        "caption": table.caption,
        "columns": [
            {
                "name": one.name,
                "title": one.title,
                "unit": one.unit or None,
                "range": one.range or None,
            }
            for one in table.columns
        ],
        "rows": [
            {
                column.name: json_cell(column, cell)
                for column, cell in zip(table.columns, row, strict=True)
            }
            for row in table.rows
        ],
        "notes": table.notes,
    }


def json_cell(column: Column, cell: Cell) -> object:
    """Return ``cell`` as a JSON value: numbers with their unit, missing ones with the reason."""
    if isinstance(cell, Missing):
        return {"value": None, "unit": column.unit, "reason": cell.reason}
    if not isinstance(cell, Quantity):
        return cell
    value = cell.value if math.isfinite(cell.value) else str(cell.value)
    ends = {"low": cell.low, "high": cell.high} if column.range else {}
    return {"value": value, "unit": column.unit, **ends}


def for_people(table: Table) -> tuple[list[str], list[list[str]]]:
    """Return titles with units, and rows of text, in units and digits chosen for reading.

    All columns of one unit are shown in one, so that numbers beside each other compare.
    """
    titles: list[str] = []
    columns: list[list[str]] = []
    scales = choose_scales(table)
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        factor, unit = scales.get(column.unit, (1.0, column.unit))
        if column.exact:
            factor, unit = 1.0, column.unit
        title = spell_title(column, unit, cells)
        said = any(title.endswith(f"[{column.range}]") for title in titles)
        titles.append(title.removesuffix(f" [{column.range}]") if said else title)
        decimals = count_decimals([value * factor for value in numbers(cells)], column.digits)
        shown = None if column.exact else decimals
        columns.append([spell_cell(cell, factor, shown) for cell in cells])
    return titles, [list(row) for row in zip(*columns, strict=True)]


def choose_scales(table: Table) -> dict[str, tuple[float, str]]:
    """Return for each unit that has scales the factor and the name in which its numbers read."""
    chosen = {}
    for unit, scales in SCALES.items():
        places = [place for place, column in enumerate(table.columns) if column.unit == unit]
        values = numbers([row[place] for row in table.rows for place in places])
        least = min(values, default=1.0)
        chosen[unit] = next((factor, name) for floor, factor, name in scales if least >= floor)
    return chosen


def numbers(cells: Sequence[Cell]) -> list[float]:
    """Return the sizes of the numbers among ``cells`` that have one: finite and not zero."""
    values = [abs(cell.value) for cell in cells if isinstance(cell, Quantity)]
    return [value for value in values if value and math.isfinite(value)]


def count_decimals(values: Sequence[float], digits: int) -> int:
    """Return how many decimals show the least of ``values`` in so many digits."""
    magnitude = math.floor(math.log10(min(values, default=1.0)))
    return min(max(digits - 1 - magnitude, 0), 9)


def spell_title(column: Column, unit: str, cells: Sequence[Cell]) -> str:
    """Return a title with the unit and what a range means, where the cells have them."""
    figures = [cell for cell in cells if isinstance(cell, Quantity)]
    has_unit = figures and unit not in {"", "1", column.title}
    has_range = any(figure.low is not None for figure in figures)
    title = column.title
    if has_unit:
        title = unit if unit.endswith(column.title) else f"{title} ({unit})"
    return title + (f" [{column.range}]" if has_range and column.range else "")


def spell_cell(cell: Cell, factor: float, decimals: int | None) -> str:
    """Return ``cell`` as people read it; every digit where ``decimals`` is None."""
    if isinstance(cell, Missing):
        return shorten(cell.reason)
    if not isinstance(cell, Quantity):
        return str(cell)
    form = ".12g" if decimals is None else f".{decimals}f"
    text = f"{cell.value * factor:{form}}"
    if cell.low is None or cell.high is None:
        return text
    return f"{text} [{cell.low * factor:{form}}, {cell.high * factor:{form}}]"


def shorten(text: str) -> str:
    """Return ``text`` on one line, cut to what a table can hold."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3].rstrip() + "..."


def alignments(table: Table) -> list[str]:
    """Return how each column lines up: numbers to the right."""
    return ["right" if column.unit else "left" for column in table.columns]


def escape_latex(text: str) -> str:
    """Return ``text`` with LaTeX's special characters escaped."""
    special = {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }  # fmt: skip
    return "".join(special.get(character, character) for character in text)


def _below(notes: Sequence[str]) -> list[str]:
    return ["", *notes] if notes else []
