"""The row that others are measured against, as a user names it."""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.errors import UnknownNameError, nearest
from dlbench.rows import Row


def find_baselines(row: Row, rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows among ``rows`` that ``row`` is to be held against: one, if all is well.

    ``name`` is a framework or an image, narrowed by axes where it has several rows:
    ``torch:layout=NHWC,threads=2``.  Every row is held against the one that agrees with it in
    the scenario's parameters and the kind of plan, and in most axes.  None is left where no row
    of the name did the same, several where they fit equally.  Raises UnknownNameError where
    ``name`` fits no row at all.
    """
    same_work = [
        one
        for one in match_rows(rows, name)
        if all(one.value(axis) == row.value(axis) for axis in row.conditions.parameters)
        and one.cell.quick == row.cell.quick
    ]
    if row in same_work:
        return [row]
    agreements = [count_agreements(one, row) for one in same_work]
    most = max(agreements, default=(0, 0))
    return [one for one, count in zip(same_work, agreements, strict=True) if count == most]


def match_rows(rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows that ``name`` fits; raises UnknownNameError where none does."""
    what, _, text = name.partition(":")
    axes = dict(part.partition("=")[::2] for part in text.split(",") if part)
    found = [
        row
        for row in rows
        if what in {row.cell.framework, row.cell.image_id}
        and all(row.value(axis) == value for axis, value in axes.items())
    ]
    if not found:
        names = {row.cell.framework for row in rows} | {row.cell.image_id for row in rows}
        raise UnknownNameError(f"no row fits the baseline {name!r}", nearest(what, names))
    return found


def count_agreements(one: Row, other: Row) -> tuple[int, int]:
    """Return in how many axes, and then in how many facts, two rows agree."""
    axes = set(one.identity) & set(other.identity)
    facts = set(one.conditions.facts) & set(other.conditions.facts)
    return (
        sum(one.identity[axis] == other.identity[axis] for axis in axes),
        sum(one.conditions.facts[fact] == other.conditions.facts[fact] for fact in facts),
    )
