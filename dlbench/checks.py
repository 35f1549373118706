"""Checks of parity in words, for people: each with its figure, its bound, and what differs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dlbench.record import Check, ParityFacts


def describe_parity(facts: ParityFacts) -> list[tuple[str, str]]:
    """Return a verdict and everything behind it, a line each."""
    lines: list[tuple[str, str]] = [("verdict", facts.verdict)]
    if facts.reason:
        lines.append(("reason", facts.reason))
    if facts.run_id:
        lines.append(("shown by run", facts.run_id))
    return lines + [(check.name, spell_result(check)) for check in facts.checks]


def spell_result(check: Check) -> str:
    """Return how a check ended, with its figure, its bound and what differs."""
    parts: list[str] = [check.status]
    if check.difference is not None and check.bound is not None:
        parts.append(f"{float(check.difference):.2g} (bound {check.bound:.2g})")
    return ", ".join(parts) + (f"; {check.detail}" if check.detail else "")


def find_worst(checks: Sequence[Check]) -> Check | None:
    """Return the check that is nearest to its bound, or farthest beyond it."""

    def share(check: Check) -> float:
        difference = float(check.difference or 0)
        if math.isnan(difference):
            return math.inf
        return difference / check.bound if check.bound else difference * math.inf

    return max(checks, key=lambda check: share(check) if check.difference else 0.0, default=None)
