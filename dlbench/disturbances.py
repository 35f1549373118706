"""Disturbances: what happened on the machine during a run that may be in its numbers.

Pure functions from a record's environment to short remarks; the thresholds are stated here, with
their reasons in docs/measuring.md, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from dlbench.foreign_load import (
    BURST_CPUS,
    POINTS_AT_LEAST,
    find_burst,
    find_rate,
    follow_foreign_load,
    is_foreign_load,
)
from dlbench.record import Environment, Samples

#: The load that is taken to be quiet where foreign load cannot be read, for each processor.
QUIET_LOAD = 0.25
#: Shares of the time: stolen by a hypervisor, stalled for memory.
STEAL_SHARE = 0.01
STALL_SHARE = 0.01
#: Pages of 4 KiB swapped in and out: 10 MiB.
SWAPPED_PAGES = 2560
#: Of the machine's memory, how much may be in use.
MEMORY_SHARE = 0.95
#: A clock that ends this much below its earlier self has fallen.
CLOCK_SHARE = 0.1
#: Of the samples, how many must show a device held back.
REASON_SHARE = 0.1
#: Of a device's time in use, from which on its clock says something.
BUSY_PERCENT = 50
#: A quarter of the samples must be so many, or no clock is said to have fallen.
QUARTER_AT_LEAST = 3

#: Reasons for a device's clock to be lower than it could be, by the bit that NVML gives each.
#: Idle, and clocks that somebody has set, are no disturbance.
GPU_REASONS = {
    0x04: "power limit",
    0x08: "hardware slowdown",
    0x20: "heat (driver)",
    0x40: "heat (hardware)",
    0x80: "power brake",
}

#: What each kind of disturbance is called, with its amount.
WORDS = {
    "foreign load": "beside foreign load ({:.2g} CPUs)",
    "burst": "beside a burst of foreign load ({:.2g} CPUs)",
    "load before": "begun at load {:.2g}, foreign load not readable",
    "steal": "with {:.2g} % of its CPU time stolen by the hypervisor",
    "memory pressure": "stalled for memory {:.2g} % of the time",
    "swapping": "beside swapping ({:.0f} pages)",
    "memory": "with {:.3g} % of the memory in use",
    "heat": "on a CPU throttled for heat ({:.0f} times)",
    "clock": "on a CPU clock that fell by {:.2g} %",
    "GPU clock": "on a GPU clock that fell by {:.2g} %",
    "GPU processes": "beside {:.0f} other processes on the GPU",
    **{
        f"GPU {reason}": f"on a GPU held back by {reason} ({{:.2g}} % of the time)"
        for reason in GPU_REASONS.values()
    },
}


class Disturbance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that may be in a run's numbers; more is worse."""

    kind: str
    amount: float

    def describe(self) -> str:
        """Say it in a few words that may follow "a run"."""
        return WORDS[self.kind].format(self.amount)


def find_disturbances(environment: Environment, cpus: int) -> tuple[Disturbance, ...]:
    """Return what disturbed a run that had ``cpus`` processors; what was not read is no remark."""
    return (
        *find_foreign_load(environment, cpus),
        *find_counted(environment, cpus),
        *find_memory_use(environment),
        *find_clock_fall(environment.samples),
        *find_device_disturbances(environment),
    )


def summarize_disturbances(runs: Sequence[Iterable[Disturbance]]) -> list[str]:
    """Return the disturbances of several runs, each with how many it hit and its worst amount."""
    amounts: dict[str, list[float]] = {}
    for disturbances in runs:
        for disturbance in disturbances:
            amounts.setdefault(disturbance.kind, []).append(disturbance.amount)
    return [
        (f"{len(found)} of {len(runs)} runs " if len(runs) > 1 else "")
        + Disturbance(kind, max(found)).describe()
        for kind, found in amounts.items()
    ]


# -- the machine -----------------------------------------------------------------------------


def find_foreign_load(environment: Environment, cpus: int) -> Iterator[Disturbance]:
    """Yield the load of others: over the run as a whole, else where it came in a burst."""
    points = follow_foreign_load(environment.samples)
    load = environment.load_before
    if points is None and load and "own_cpu_seconds" not in environment.during:
        if load[0] >= QUIET_LOAD * (environment.cpu_count or 1):
            yield Disturbance("load before", load[0])
        return
    if points is None or len(points) < POINTS_AT_LEAST:
        return
    mean = find_rate(points[0], points[-1])
    if is_foreign_load(mean, cpus):
        yield Disturbance("foreign load", mean)
    elif (burst := find_burst(points)) >= BURST_CPUS:
        yield Disturbance("burst", burst)


def find_counted(environment: Environment, cpus: int) -> Iterator[Disturbance]:
    """Yield what the machine's counters say that the run went through."""
    during = environment.during
    watched = during.get("watched_seconds") or 0.0
    shares = (
        ("steal", "steal_seconds", watched * cpus, STEAL_SHARE),
        ("memory pressure", "memory_stall_seconds", watched, STALL_SHARE),
    )
    for kind, name, whole, least in shares:
        share = during.get(name, 0.0) / whole if whole else 0.0
        if share >= least:
            yield Disturbance(kind, 100 * share)
    for kind, name, at_least in (
        ("swapping", "swapped_pages", SWAPPED_PAGES),
        ("heat", "throttled", 1),
    ):
        if during.get(name, 0) >= at_least:
            yield Disturbance(kind, float(during[name]))


def find_memory_use(environment: Environment) -> Iterator[Disturbance]:
    """Yield that the machine's memory was nearly full."""
    samples = environment.samples
    left = known(samples.columns, "available_memory_bytes") if samples else []
    if left and environment.memory_bytes:
        used = 1 - min(left) / environment.memory_bytes
        if used >= MEMORY_SHARE:
            yield Disturbance("memory", 100 * used)


def find_clock_fall(samples: Samples | None) -> Iterator[Disturbance]:
    """Yield that the processors' clock fell while the run was at work."""
    if samples is None or "frequency_mhz" not in samples.columns:
        return
    own = samples.columns.get("own_cpu_seconds", [])
    rates = [0.0] + [
        (after - before) / (later - earlier) if after is not None and before is not None else 0.0
        for (earlier, before), (later, after) in pairwise(zip(samples.seconds, own, strict=False))
    ]
    at_work = [rate >= max(rates) / 2 for rate in rates]
    fall = find_fall(samples.columns["frequency_mhz"], at_work)
    if fall >= CLOCK_SHARE:
        yield Disturbance("clock", 100 * fall)


def find_fall(values: Sequence[float | None], at_work: Sequence[bool]) -> float:
    """Return the share by which the last quarter of ``values`` is below the second quarter.

    In the first a run imports and builds, with few processors in use and so on a higher clock.
    Values that were not read while ``at_work`` do not count; 0 where too few are left.
    """
    chosen = [
        value for value, count in zip(values, at_work, strict=False) if count and value is not None
    ]
    quarter = len(chosen) // 4
    if quarter < QUARTER_AT_LEAST:
        return 0.0
    earlier, later = sum(chosen[quarter : 2 * quarter]), sum(chosen[-quarter:])
    return 1 - later / earlier if earlier else 0.0


# -- devices ---------------------------------------------------------------------------------


def find_device_disturbances(environment: Environment) -> Iterator[Disturbance]:
    """Yield what held the devices back, each kind with its worst amount over all of them."""
    strangers = environment.during.get("foreign_gpu_processes", 0)
    if strangers:
        yield Disturbance("GPU processes", float(strangers))
    worst: dict[str, float] = {}
    for samples in environment.gpu_samples.values():
        use = samples.columns.get("utilization_percent", [])
        at_work = [percent is not None and percent >= BUSY_PERCENT for percent in use]
        fall = find_fall(samples.columns.get("clock_mhz", []), at_work)
        if fall >= CLOCK_SHARE:
            worst["GPU clock"] = max(worst.get("GPU clock", 0.0), 100 * fall)
        reasons = [int(value) for value in known(samples.columns, "clock_reasons")]
        for bit, reason in GPU_REASONS.items():
            share = sum(bool(value & bit) for value in reasons) / max(1, len(reasons))
            if share >= REASON_SHARE:
                kind = f"GPU {reason}"
                worst[kind] = max(worst.get(kind, 0.0), 100 * share)
    yield from (Disturbance(kind, amount) for kind, amount in worst.items())


def known(columns: Mapping[str, Sequence[float | None]], name: str) -> list[float]:
    """Return what is known of a column."""
    return [value for value in columns.get(name, ()) if value is not None]
