"""Foreign load: the processor time during a run that was neither the run's nor dlbench's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from dlbench.record import Samples

#: Foreign load that takes this share of the run's processors, and at least so many, disturbs it.
FOREIGN_SHARE = 0.02
FOREIGN_CPUS = 0.05
#: A burst is foreign load of so many processors over at least these seconds.
BURST_CPUS = 0.5
BURST_SECONDS = 5.0
#: Fewer points say nothing: what is between them is the rounding of counters.
POINTS_AT_LEAST = 3

#: Seconds since the run's start, and foreign processor seconds so far.
Point: TypeAlias = tuple[float, float]


def is_foreign_load(foreign_cpus: float, cpus: int) -> bool:
    """Whether ``foreign_cpus`` processors at work for others disturb a run on ``cpus`` of them."""
    return foreign_cpus >= max(FOREIGN_CPUS, FOREIGN_SHARE * cpus)


def follow_foreign_load(samples: Samples | None) -> list[Point] | None:
    """Return the foreign processor time at each sample while the run itself was at work.

    Before the run's first processor time it is the engine that works for it.  None where the
    run's own time could not be read.
    """
    if samples is None:
        return None
    busy, own, ours = (
        samples.columns.get(name)
        for name in ("busy_cpu_seconds", "own_cpu_seconds", "dlbench_cpu_seconds")
    )
    if busy is None or own is None or ours is None:
        return None
    return [
        (second, all_of_it - its - dlbench)
        for second, all_of_it, its, dlbench in zip(samples.seconds, busy, own, ours, strict=True)
        if all_of_it is not None and its and dlbench is not None
    ]


def find_rate(first: Point, last: Point) -> float:
    """Return the processors in use between two points; below zero is the kernel's rounding."""
    return max(0.0, (last[1] - first[1]) / (last[0] - first[0]))


def find_burst(points: Sequence[Point]) -> float:
    """Return the most processors in foreign use over any ``BURST_SECONDS``, 0 in a shorter run."""
    worst, start = 0.0, 0
    for point in points:
        while start + 1 < len(points) and point[0] - points[start + 1][0] >= BURST_SECONDS:
            start += 1
        if point[0] - points[start][0] >= BURST_SECONDS:
            worst = max(worst, find_rate(points[start], point))
    return worst
