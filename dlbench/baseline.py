"""The row that others are measured against, as a user names it."""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.differences import FRAMEWORK, find_compared
from dlbench.errors import UnknownNameError, nearest
from dlbench.rows import Row


def find_baselines(row: Row, rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows among ``rows`` that ``row`` is to be held against: one, if all is well.

    ``name`` is a framework or an image, narrowed by axes where it has several rows:
    ``torch:layout=NHWC,threads=2``.  Every row is held against the one that did the same work
    (``work_of``), has a figure, and agrees with it in most axes.  None is left where there is no
    such row, several where they fit equally.  Raises UnknownNameError where ``name`` fits no row
    at all.
    """
    same_work = [one for one in match_rows(rows, name) if work_of(one) == work_of(row)]
    if row in same_work:
        return [row]
    candidates = [one for one in same_work if one.good] or same_work
    agreements = [count_agreements(one, row) for one in candidates]
    most = max(agreements, default=(0, 0))
    return [one for one, count in zip(candidates, agreements, strict=True) if count == most]


def work_of(row: Row) -> tuple[object, ...]:
    """Return what must be equal before two rows can be held against each other at all.

    That is the scenario's parameters, the batch size, the kind of plan, and how epochs are cut.
    """
    conditions = row.conditions
    parameters = {name: row.value(name) for name in conditions.parameters}
    cut = conditions.steps_per_epoch if conditions.epochs else None
    return parameters, conditions.facts.get("batch size"), row.cell.quick, cut


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


def describe_mismatch(row: Row, baseline: Row) -> str:
    """Say in which axes ``row`` is held against something else beside what is compared.

    Empty where in none: two rows of one image that differ in an axis are there to show it.
    """
    compared = find_compared(row, baseline)
    if len(compared) < 2:
        return ""
    axes = [name for name in compared if name != FRAMEWORK]
    ours, theirs = (
        ", ".join(f"{name} {one.value(name)}" for name in axes) for one in (row, baseline)
    )
    return f"{row.cell.image_id} with {ours} is held against {baseline.cell.image_id} with {theirs}"
