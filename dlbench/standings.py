"""Standings: how the rows that did the same work stand against one another, with ranks and ties."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dlbench.baseline import work_of
from dlbench.judgement import Band, Comparison, compare_pairs, compare_samples
from dlbench.metrics import Metric, find_metric
from dlbench.record import Record
from dlbench.rows import Row, differing, pool
from dlbench.stats import BAND, Estimate, find_median
from dlbench.summary import summarize

#: More rounds than this are not worth a number.
MANY_ROUNDS = 100


@dataclass(frozen=True)
class Standing:
    """Rows of one kind of work that have a figure, the fastest first, and how each two compare."""

    rows: tuple[Row, ...]
    #: By the places of the two rows, the lower one first.
    pairs: Mapping[tuple[int, int], Comparison]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons, in no order that says anything."""
        return tuple(self.pairs.values())

    @cached_property
    def ranks(self) -> list[str]:
        """The rank of each row, in words: ``1``, or ``2-4`` where verdicts leave several open.

        The first number is one more than there are rows shown to be faster, the second as many as
        are not shown to be slower, itself included.
        """
        faster, slower = [0] * len(self.rows), [0] * len(self.rows)
        for (first, second), comparison in self.pairs.items():
            if comparison.verdict in {"faster", "slower"}:
                ahead = comparison.verdict == "faster"
                slower[first if ahead else second] += 1
                faster[second if ahead else first] += 1
        return [
            spell_rank(1 + before, len(self.rows) - behind)
            for before, behind in zip(faster, slower, strict=True)
        ]

    @property
    def work(self) -> str:
        """What all rows did, in words: scenario, its parameters, batch size, kind of plan."""
        row = self.rows[0]
        axes = (*row.conditions.parameters, "batch_size")
        values = [f"{axis}={row.identity[axis]}" for axis in axes if axis in row.identity]
        return " ".join([row.cell.scenario, *values, *(["quick"] if row.cell.quick else [])])

    @property
    def has_intervals(self) -> bool:
        """Whether anything at all can be said of the order of its rows."""
        return any(comparison.ratio.low is not None for comparison in self.comparisons)

    def describe(self) -> str:
        """Say in one line how the rows stand, empty where there are not two to compare."""
        names = name_rows(self.rows)
        if len(self.rows) < 2:
            return ""
        if len(self.rows) == 2:
            (comparison,) = self.comparisons
            ratio = spell_ratio(comparison.ratio)
            return f"{names[0]} / {names[1]} {ratio}: {spell_verdict(comparison)}"
        order = sorted(range(len(names)), key=lambda place: rank_place(self.ranks[place]))
        ranked = ", ".join(f"{self.ranks[place]} {names[place]}" for place in order)
        waiting = [one for one in self.comparisons if one.verdict == "not enough data"]
        if not waiting:
            return f"{ranked}; every pair has a verdict"
        return f"{ranked}; {len(waiting)} of {len(self.pairs)} pairs have no verdict yet"


def spell_rank(first: int, last: int) -> str:
    """Return the ranks that are open to a row."""
    return str(first) if first == last else f"{first}-{last}"


def rank_place(rank: str) -> tuple[int, int]:
    """Return what sorts ranks."""
    first, _, last = rank.partition("-")
    return int(first), int(last or first)


def spell_ratio(ratio: Estimate) -> str:
    """Return a ratio with its interval, where it has one."""
    numbers = (ratio.value, ratio.low, ratio.high)
    value, low, high = (
        "" if one is None else f"{one:.3f}" if one >= 0.1 else f"{one:.3g}" for one in numbers
    )
    return f"{value} [{low}, {high}]" if low and high else value


def spell_verdict(comparison: Comparison) -> str:
    """Return the verdict, with the rounds that are missing where more of them would help."""
    needed = comparison.rounds_needed
    if comparison.verdict != "not enough data" or needed is None:
        return comparison.verdict
    more = f"about {needed} more" if needed <= MANY_ROUNDS else f"more than {MANY_ROUNDS} more"
    return f"{comparison.verdict} ({more} {'round' if needed == 1 else 'rounds'})"


def name_rows(rows: Sequence[Row]) -> list[str]:
    """Return the shortest names that tell ``rows`` apart: image, and the axes that differ."""
    axes = differing(rows)
    return [
        " ".join([
            row.cell.image_id,
            *(f"{axis}={row.identity[axis]}" for axis in axes if axis in row.conditions.axes),
        ])
        for row in rows
    ]


def read_samples(row: Row, metric: Metric, *, as_times: bool = False) -> dict[str, float]:
    """Return the metric of every good run that measured it, keyed by campaign and round.

    There is none of a metric that all runs must have where one lacks it.  ``as_times`` turns a
    metric of which more is better round, so that less is better of all.
    """
    samples: dict[str, float] = {}
    for run in row.good:
        value = metric.read(run)
        if value is None:
            if metric.of_all_runs:
                return {}
            continue
        if as_times and metric.higher_is_better:
            value = 1 / value if value else math.nan
        key = f"{run.campaign}/{run.round}"
        # Only records that were put together by hand have two runs of a cell in one round.
        samples[f"{key} {run.run_id}" if key in samples else key] = value
    return samples


def compare_rows(row: Row, other: Row, metric: Metric, band: Band = BAND) -> Comparison:
    """Compare two rows by a metric of speed; the ratio is that of times."""
    ours, theirs = (read_samples(one, metric, as_times=True) for one in (row, other))
    return compare_samples(ours, theirs, band=band)


def find_standings(rows: Iterable[Row], metric: Metric, band: Band = BAND) -> list[Standing]:
    """Return a standing for each kind of work among ``rows``, of a metric of speed.

    Rows without a figure, and rows that are barred, are in none.
    """
    groups: dict[str, list[tuple[Row, dict[str, float]]]] = {}
    for row in rows:
        samples = read_samples(row, metric, as_times=True)
        if samples and not row.barred:
            groups.setdefault(repr(work_of(row)), []).append((row, samples))
    standings = []
    for group in groups.values():
        group.sort(key=lambda member: find_median(list(member[1].values())))
        pairs = compare_pairs([samples for _, samples in group], band=band)
        standings.append(Standing(tuple(row for row, _ in group), pairs))
    return standings


def judge_records(records: Sequence[Record]) -> Standing | None:
    """Return how the cells of ``records``, all of one work, stand in their scenario's metric."""
    runs = [summarize(record) for record in records]
    standings = find_standings(pool(runs), find_metric(runs))
    return standings[0] if standings else None


def list_barred(rows: Sequence[Row]) -> list[str]:
    """Return a line for each of ``rows`` whose figures are not those of the work, and why."""
    return [
        f"{row.cell.scenario} on {name}: {row.barred}"
        for row, name in zip(rows, name_rows(rows), strict=True)
        if row.barred
    ]
