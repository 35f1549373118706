"""What the machine has counted since it started: one reading of all counters at one moment."""

from __future__ import annotations

import os
import time
from typing import TypeAlias

from msgspec import Struct

from dlbench.kernel import Kernel, read_number

Load: TypeAlias = tuple[float, float, float]


class Reading(Struct, frozen=True, kw_only=True):
    """The machine's counters at one moment; None where this machine has no such counter."""

    seconds: float
    load: Load | None = None
    busy_seconds: float | None = None
    steal_seconds: float | None = None
    #: Total seconds that some task waited for memory, processor or disk.
    memory_stall_seconds: float | None = None
    cpu_stall_seconds: float | None = None
    io_stall_seconds: float | None = None
    throttled: int | None = None
    swapped_pages: int | None = None
    frequency_mhz: float | None = None
    available_memory_bytes: int | None = None


def read_counters(kernel: Kernel) -> Reading:
    """Read every counter of the machine once."""
    busy, steal = read_cpu_times(kernel.read_proc("stat"))
    return Reading(
        seconds=time.monotonic(),
        load=read_load(),
        busy_seconds=busy,
        steal_seconds=steal,
        memory_stall_seconds=read_stall(kernel.read_proc("pressure/memory")),
        cpu_stall_seconds=read_stall(kernel.read_proc("pressure/cpu")),
        io_stall_seconds=read_stall(kernel.read_proc("pressure/io")),
        throttled=read_throttling(kernel),
        swapped_pages=read_swapping(kernel.read_proc("vmstat")),
        frequency_mhz=read_mean_frequency(kernel.read_proc("cpuinfo")),
        available_memory_bytes=read_memory(kernel.read_proc("meminfo"), "MemAvailable"),
    )


def read_load() -> Load | None:
    """Return the load averages over 1, 5 and 15 minutes."""
    try:
        return os.getloadavg()
    except OSError:
        return None


def read_cpu_times(text: str) -> tuple[float | None, float | None]:
    """Return (busy, stolen) seconds of all processors since boot, out of ``/proc/stat``."""
    first = text.partition("\n")[0].split()
    if len(first) < 9 or first[0] != "cpu":
        return None, None
    tick = os.sysconf("SC_CLK_TCK")
    user, nice, system, _idle, _wait, interrupt, soft, steal = (int(part) for part in first[1:9])
    return (user + nice + system + interrupt + soft) / tick, steal / tick


def read_stall(text: str) -> float | None:
    """Return the seconds that some task stalled, out of a file below ``/proc/pressure``."""
    for line in text.splitlines():
        if line.startswith("some") and "total=" in line:
            return int(line.rpartition("total=")[2]) / 1e6
    return None


def read_throttling(kernel: Kernel) -> int | None:
    """Return how often the processors were slowed for heat since boot."""
    pattern = "devices/system/cpu/cpu[0-9]*/thermal_throttle/*_count"
    counts = [read_number(path) for path in kernel.find_sys(pattern)]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def read_swapping(text: str) -> int | None:
    """Return the pages swapped in and out since boot, out of ``/proc/vmstat``."""
    pages = [
        int(line.split()[1])
        for line in text.splitlines()
        if line.startswith(("pswpin ", "pswpout "))
    ]
    return sum(pages) if pages else None


def read_memory(text: str, field: str) -> int | None:
    """Return ``field`` of ``/proc/meminfo`` in bytes."""
    start = text.find(f"{field}:")
    if start < 0:
        return None
    return int(text[start + len(field) + 1 :].split(None, 1)[0]) * 1024


def read_mean_frequency(text: str) -> float | None:
    """Return the mean clock of all processors in MHz, out of ``/proc/cpuinfo``."""
    clocks = [
        float(line.partition(":")[2]) for line in text.splitlines() if line.startswith("cpu MHz")
    ]
    return sum(clocks) / len(clocks) if clocks else None
