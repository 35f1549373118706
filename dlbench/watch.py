"""A watch over one run: the machine's counters before and after it, and samples in between.

All of it happens on the host.  The timed process is not touched, nor are its files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from dlbench.counters import Reading, read_counters, read_cpu_times, read_memory, read_stall
from dlbench.energy import PackageMeter
from dlbench.gpu_watch import GpuWatch
from dlbench.kernel import Kernel, read_number
from dlbench.record import Samples
from dlbench.sampler import INTERVAL_SECONDS, Sampler
from dlbench.series import Series

#: Clocks of so many processors are looked at; the others of a run are like them.
CLOCKS_AT_MOST = 8
GAUGES = ("available_memory_bytes", "frequency_mhz")


class Watch:
    """What the machine does while the block goes on; ``own_cpu_seconds`` is the run's share."""

    def __init__(
        self,
        own_cpu_seconds: Callable[[], float | None],
        *,
        cpus: Sequence[int] = (),
        device: str = "cpu",
        kernel: Kernel | None = None,
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._own_cpu_seconds = own_cpu_seconds
        self._kernel = kernel or Kernel()
        self._clocks = find_clocks(self._kernel, cpus)
        self._sampler = Sampler(
            self._sample, Series(interval_seconds, gauges=GAUGES), interval_seconds
        )
        self.gpus = GpuWatch() if device == "cuda" else None
        self.packages = PackageMeter(self._kernel)
        self.before = Reading(seconds=0.0)
        self.after: Reading | None = None
        self.samples: Samples | None = None
        #: Of the processor packages, whole machine; None where nothing tells.
        self.joules: float | None = None
        self._dlbench_before = 0.0

    def __enter__(self) -> Watch:
        """Read the counters before the run, and begin to sample."""
        if self.gpus:
            self.gpus.start()
        self._dlbench_before = time.process_time()
        self.packages = PackageMeter(self._kernel)
        self.before = read_counters(self._kernel)
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End sampling, and read the counters after the run."""
        self.samples = self._sampler.stop()
        self.after = read_counters(self._kernel)
        self.joules = self.packages.read()
        if self.gpus:
            self.gpus.stop()

    def _sample(self) -> dict[str, float]:
        """Read what is sampled, cumulative quantities since the start; absent is what cannot be."""
        kernel, before = self._kernel, self.before
        busy, steal = read_cpu_times(kernel.read_proc("stat"))
        stall = read_stall(kernel.read_proc("pressure/memory"))
        clocks = [clock for clock in map(read_number, self._clocks) if clock]
        found = {
            "busy_cpu_seconds": subtract(busy, before.busy_seconds),
            "own_cpu_seconds": self._own_cpu_seconds(),
            "dlbench_cpu_seconds": time.process_time() - self._dlbench_before,
            "steal_seconds": subtract(steal, before.steal_seconds),
            "memory_stall_seconds": subtract(stall, before.memory_stall_seconds),
            "available_memory_bytes": read_memory(kernel.read_proc("meminfo"), "MemAvailable"),
            "frequency_mhz": sum(clocks) / len(clocks) / 1000 if clocks else None,
            "package_joules": self.packages.read(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def summarize(self, wall_seconds: float, own_cpu_seconds: float | None) -> dict[str, Any]:
        """Return what happened between the readings before and after; unread is absent."""
        if self.after is None:
            return {}
        busy = subtract(self.after.busy_seconds, self.before.busy_seconds)
        found = {
            "wall_seconds": wall_seconds,
            "watched_seconds": self.after.seconds - self.before.seconds,
            "busy_cpu_seconds": busy,
            "own_cpu_seconds": own_cpu_seconds,
            "foreign_cpu_seconds": find_foreign(busy, own_cpu_seconds),
            "sampler_cpu_seconds": self._sampler.cpu_seconds,
            "frequency_mhz_after": self.after.frequency_mhz,
            "available_memory_bytes_before": self.before.available_memory_bytes,
            "foreign_gpu_processes": self.gpus.strangers if self.gpus else None,
        }
        for name in (
            "steal_seconds",
            "memory_stall_seconds",
            "cpu_stall_seconds",
            "io_stall_seconds",
            "throttled",
            "swapped_pages",
        ):
            found[name] = subtract(getattr(self.after, name), getattr(self.before, name))
        return {name: value for name, value in found.items() if value is not None}


def find_clocks(kernel: Kernel, cpus: Sequence[int]) -> list[Path]:
    """Return the files that hold the clocks of ``cpus`` in kHz; () stands for all."""
    folder = kernel.sys / "devices/system/cpu"
    chosen = [f"cpu{number}" for number in cpus] or ["cpu[0-9]*"]
    found = [path for name in chosen for path in folder.glob(f"{name}/cpufreq/scaling_cur_freq")]
    return sorted(found)[:CLOCKS_AT_MOST]


def subtract(after: float | None, before: float | None) -> float | None:
    """Return what was added between two readings, None where one of them failed."""
    return None if before is None or after is None else after - before


def find_foreign(busy: float | None, own: float | None) -> float | None:
    """Return the processor time that was not the run's; dlbench's own is in it."""
    # The kernel counts the whole machine in hundredths: a small negative remainder is none.
    return None if busy is None or own is None else max(0.0, busy - own)
