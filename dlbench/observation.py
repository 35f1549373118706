"""Reading what a worker observed: numbers that may be missing, and checks of them.

A worker may be written by anybody in any language.  What it leaves out, or what is no number, is
NaN here, and fails the check that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from dlbench.record import Check

#: What one probe observed; docs/protocol.md says what each kind has.
Observation: TypeAlias = Mapping[str, Any]


def number(value: object) -> float:
    """Return an observed number; NaN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan


def numbers(value: object) -> list[float]:
    """Return an observed list of numbers; empty for what is none."""
    return [number(one) for one in value] if isinstance(value, Sequence) else []


def mapping(value: object) -> Mapping[str, Any]:
    """Return an observed mapping; empty for what is none."""
    return value if isinstance(value, Mapping) else {}


def make_check(name: str, difference: float, bound: float, detail: str) -> Check:
    """Return a check that passes where ``difference`` is at most ``bound``; NaN is not.

    A check that passes needs no detail.
    """
    passed = difference <= bound
    return Check(
        name=name,
        status="passed" if passed else "failed",
        difference=spell(difference),
        bound=bound,
        detail="" if passed else detail,
    )


def spell(value: float) -> Any:
    """Return a number as a record spells it."""
    if math.isnan(value):
        return "nan"
    return value if math.isfinite(value) else "inf"


def relative(difference: float, scale: float) -> float:
    """Return ``difference / scale``; what differs from nothing differs infinitely."""
    if scale > 0:
        return difference / scale
    return 0.0 if difference == 0 else difference * math.inf


def worst(differences: Sequence[float]) -> float:
    """Return the largest difference, NaN where any is NaN."""
    if any(math.isnan(one) for one in differences):
        return math.nan
    return max(differences, default=math.nan)
