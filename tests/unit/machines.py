"""Hand-built machines under watch, for the tests of what disturbs a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from records import make_environment

from dlbench.record import Environment, Samples


def make_samples(**columns: Sequence[float | None]) -> Samples:
    """Return samples taken every other second."""
    length = max(map(len, columns.values()))
    seconds = [2.0 * number for number in range(1, length + 1)]
    return Samples(
        interval_seconds=2.0,
        stride=1,
        seconds=seconds,
        columns={name: list(values) for name, values in columns.items()},
    )


def make_loads(foreign_cpus: Sequence[float], own_cpus: float = 2.0) -> Samples:
    """Return the samples of a run beside so many foreign processors in each interval."""
    foreign = [2.0 * sum(foreign_cpus[: number + 1]) for number in range(len(foreign_cpus))]
    own = [2.0 * own_cpus * (number + 1) for number in range(len(foreign_cpus))]
    return make_samples(
        busy_cpu_seconds=[theirs + its for theirs, its in zip(foreign, own, strict=True)],
        own_cpu_seconds=own,
        dlbench_cpu_seconds=[0.0] * len(own),
    )


def make_disturbed(**changes: Any) -> Environment:
    """Return an environment with a quiet run of 100 s, and ``changes``."""
    during = {"watched_seconds": 100.0, "steal_seconds": 0.1, "throttled": 0, "swapped_pages": 12}
    during |= changes.pop("during", {})
    return make_environment(**{"samples": make_loads([0.01] * 50), "during": during} | changes)
