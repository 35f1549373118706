"""Payback: after how many steps compiling has saved the time that it cost.

Two rows that differ in nothing but whether the network is compiled cost C and C' seconds before the
second step (build and first step, less one later step), and s and s' for each step after it.
Compiling has paid for itself after N steps, N = (C' - C) / (s - s'), if a step is shown to be
faster at all.  N is given to two digits, with what it is at either end of the interval of s' / s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeAlias

from dlbench.judgement import Comparison
from dlbench.readings import read_compiling, read_step
from dlbench.rows import NOT_APPLICABLE, Row
from dlbench.stats import Estimate, find_median

#: Axes that put work before the steps to make them faster.
COMPILING = ("xla", "compile")
#: The value of such an axis that does not.
PLAIN = "off"

#: Digits of a number of steps: the noise of both differences leaves no more.
DIGITS = 2

#: How the step of one row stands to that of another.
Compare: TypeAlias = Callable[[Row, Row], Comparison]


def describe_paybacks(rows: Sequence[Row], compare: Compare) -> Iterator[str]:
    """Say of every two of ``rows`` that differ in compiling alone when that pays back."""
    for axis, row, plain in product(COMPILING, rows, rows):
        if is_counterpart(plain, row, axis):
            words = describe_payback(row, plain, compare)
            yield f"{row.cell.image_id}: {axis}={row.value(axis)} {words}"


def is_counterpart(plain: Row, row: Row, axis: str) -> bool:
    """Return whether ``plain`` is ``row`` without what ``axis`` compiles, and nothing else."""
    return (
        row.value(axis) not in {PLAIN, NOT_APPLICABLE}
        and not (row.barred or plain.barred)
        and plain.conditions.facts == row.conditions.facts
        and plain.cell.quick == row.cell.quick
        and {**row.identity, axis: PLAIN} == plain.identity
    )


def describe_payback(row: Row, plain: Row, compare: Compare) -> str:
    """Say after how many steps ``row`` has made up for what it costs more than ``plain``."""
    costs = [find_compiling(one) for one in (row, plain)]
    step = find_step(plain)
    if step is None or costs[0] is None or costs[1] is None or find_step(row) is None:
        return "cannot be said to pay back or not: a first or a later step was not measured"
    extra = costs[0] - costs[1]
    steps = compare(row, plain)
    if steps.verdict == "not enough data":
        return "cannot be said to pay back or not: not enough data to tell the steps apart"
    if steps.verdict == "faster":
        return describe_saving(extra, step, steps.ratio)
    how = "it is slower" if steps.verdict == "slower" else "its step is the same"
    more = f", and costs {spell_seconds(extra)} more once" if extra > 0 else ""
    return f"never pays back here: {how}{more}"


def describe_saving(extra: float, step: float, ratio: Estimate) -> str:
    """Say when ``extra`` seconds are made up for, where a plain step takes ``step`` seconds."""
    saved = step * (1 - ratio.value)
    if extra <= 0:
        return f"pays back at once: no more is paid before, {spell_seconds(saved)} less a step"
    count = spell_count(extra / saved)
    if ratio.low is not None and ratio.high is not None and ratio.high < 1:
        few, many = (spell_count(extra / (step * (1 - edge))) for edge in (ratio.low, ratio.high))
        count += f" ({few} to {many})" if few != many else ""
    return (
        f"pays back after about {count} steps: {spell_seconds(extra)} more once, "
        f"{spell_seconds(saved)} less a step"
    )


def find_compiling(row: Row) -> float | None:
    """Return the seconds that building and the first step of ``row`` take beyond a later step."""
    values = [value for run in row.good if (value := read_compiling(run)) is not None]
    return find_median(values) if values else None


def find_step(row: Row) -> float | None:
    """Return the seconds of a step of ``row``."""
    values = [value for run in row.good if (value := read_step(run)) is not None]
    return find_median(values) if values else None


def spell_count(steps: float) -> str:
    """Return a number of steps in as many digits as it deserves, never less than one."""
    whole = max(1, round(steps))
    return f"{round(whole, DIGITS - len(str(whole))):,}"


def spell_seconds(seconds: float) -> str:
    """Return a duration in two digits, in the unit that reads well."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{float(f'{seconds * factor:.{DIGITS}g}'):g} {unit}"
    return f"{float(f'{seconds * 1e6:.{DIGITS}g}'):g} us"
