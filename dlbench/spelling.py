"""Spelling: amounts with their units, and mappings of them, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlbench.summary import spell

GIB = 2**30


def spell_value(value: float, unit: str) -> str:
    """Return one value with its unit."""
    if unit == "s":
        return spell_seconds(value)
    if unit == "bytes":
        return f"{value / GIB:.3g} GiB"
    return f"{value:.6g}" + (f" {unit}" if unit not in {"1", ""} else "")


def spell_seconds(seconds: float) -> str:
    """Return a duration in the unit that reads well."""
    return f"{seconds:.4g} s" if seconds >= 1 else f"{seconds * 1e3:.4g} ms"


def spell_items(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a mapping as lines; names that end in their unit lose it."""
    return [spell_item(name, value) for name, value in mapping.items()]


def spell_item(name: str, value: Any) -> tuple[str, str]:
    """Return one line of a mapping."""
    for ending, unit in (("_bytes", "bytes"), ("_seconds", "s")):
        if name.endswith(ending) and isinstance(value, int | float):
            return name.removesuffix(ending).replace("_", " "), spell_value(value, unit)
    return name.replace("_", " "), spell(value)
