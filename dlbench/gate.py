"""The gate of continuous integration: is any row slower than its baseline by more than it may be?

"Slower by more than 5 %" is proven where the times, divided by 1.05, are still shown to be slower
than the baseline's, by the same rule as every verdict; "not slower by more than 5 %" where they are
shown to be faster.  Anything between is undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from dlbench.compare import Judged
from dlbench.errors import SlowerError
from dlbench.judgement import Comparison, compare_samples
from dlbench.layout import Line
from dlbench.metrics import Metric
from dlbench.rows import Row
from dlbench.standings import name_rows, read_samples, spell_ratio, spell_verdict

Answer: TypeAlias = Literal["kept", "slower", "undecided"]


class Check(Struct, frozen=True, kw_only=True):
    """What the gate says of one row, and why in words."""

    answer: Answer
    words: str


def check_lines(judged: Sequence[Judged], limit: float) -> list[Check]:
    """Hold every row against its baseline; ``limit`` is how much slower it may be (0.05: 5 %)."""
    checks = []
    for group in judged:
        names = name_rows([line.row for line in group.lines])
        for line, name in zip(group.lines, names, strict=True):
            if line.verdict != "baseline":
                checks.append(check_line(line, name, group.metric, limit))
    return checks


def check_line(line: Line, name: str, metric: Metric, limit: float) -> Check:
    """Hold one row against its baseline."""
    if line.ratio is None or line.baseline is None or not metric.is_speed:
        return Check(answer="undecided", words=f"{name}: {line.verdict}")
    comparison = compare_with_allowance(line.row, line.baseline, metric, limit)
    words = f"{name} / {line.baseline.cell.image_id} {spell_ratio(line.ratio)}"
    if comparison.verdict == "slower":
        return Check(answer="slower", words=words)
    if comparison.verdict in {"faster", "same"}:
        return Check(answer="kept", words=words)
    return Check(answer="undecided", words=f"{words}: {spell_verdict(comparison)}")


def compare_with_allowance(row: Row, baseline: Row, metric: Metric, limit: float) -> Comparison:
    """Compare two rows as if the first were faster by ``limit`` than it is, without any band."""
    ours = read_samples(row, metric, as_times=True)
    theirs = read_samples(baseline, metric, as_times=True)
    allowed = {key: seconds / (1 + limit) for key, seconds in ours.items()}
    return compare_samples(allowed, theirs, band=0.0)


def enforce(checks: Sequence[Check], limit: float, *, strict: bool) -> list[str]:
    """Return a line for each row that is undecided; raises SlowerError where the gate is shut.

    It is shut by a row that is proven slower, by there being nothing to check, and where it is
    ``strict`` by an undecided row too.
    """
    percent = f"{100 * limit:.3g} %"
    if not checks:
        raise SlowerError(
            "there is no row to hold against the baseline",
            "name records of at least two cells, as in: dlbench compare CAMPAIGN --baseline ROW",
        )
    slower = [check.words for check in checks if check.answer == "slower"]
    if slower:
        raise SlowerError(
            f"{len(slower)} of {len(checks)} rows are slower than the baseline by more than "
            f"{percent}",
            "\n".join(slower),
        )
    undecided = [check.words for check in checks if check.answer == "undecided"]
    if undecided and strict:
        raise SlowerError(
            f"{len(undecided)} of {len(checks)} rows are not shown to be slower by {percent} at "
            "most",
            "\n".join(undecided),
        )
    return [f"not shown to be slower by {percent} at most: {words}" for words in undecided]
