"""The machine that runs are executed on: its facts, and its counters before and after a run.

Nothing is read while a run goes on: the timed process has the machine to itself.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.engine import EngineFacts
from dlbench.record import Environment

PROC = Path("/proc")
SYS = Path("/sys")
Load = tuple[float, float, float]

#: What the record keeps of an NVIDIA device, and what nvidia-smi calls it.
GPU_FIELDS = {
    "name": "name",
    "driver": "driver_version",
    "memory_mib": "memory.total",
    "power_limit_watts": "power.limit",
    "clock_mhz": "clocks.sm",
    "clock_limit_mhz": "clocks.max.sm",
    "temperature_celsius": "temperature.gpu",
    "compute_capability": "compute_cap",
    "mig": "mig.mode.current",
}
GPU_SECONDS = 20
MEMORY_LIMITS = ("memory.max", "memory.limit_in_bytes")


@dataclass(frozen=True, kw_only=True)
class Reading:
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


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the machine did over a run: counters before, and after once it has ended."""

    before: Reading
    after: Reading | None = None
    wall_seconds: float | None = None
    own_cpu_seconds: float | None = None

    @classmethod
    def start(cls) -> Watch:
        """Read the counters before a run."""
        return cls(before=read_counters())

    def finish(self, wall_seconds: float, own_cpu_seconds: float | None = None) -> Watch:
        """Read the counters after the run, which itself used ``own_cpu_seconds`` of processor."""
        return dataclasses.replace(
            self,
            after=read_counters(),
            wall_seconds=wall_seconds,
            own_cpu_seconds=own_cpu_seconds,
        )

    def summarize(self) -> dict[str, Any]:
        """Return what happened between the two readings; absent is what could not be read."""
        if self.after is None:
            return {}
        busy = _difference(self.before.busy_seconds, self.after.busy_seconds)
        found = {
            "wall_seconds": self.wall_seconds,
            "watched_seconds": self.after.seconds - self.before.seconds,
            "busy_cpu_seconds": busy,
            "own_cpu_seconds": self.own_cpu_seconds,
            "foreign_cpu_seconds": _foreign(busy, self.own_cpu_seconds),
            "frequency_mhz_after": self.after.frequency_mhz,
            "available_memory_bytes_before": self.before.available_memory_bytes,
        }
        for name in (
            "steal_seconds",
            "memory_stall_seconds",
            "cpu_stall_seconds",
            "io_stall_seconds",
            "throttled",
            "swapped_pages",
        ):
            found[name] = _difference(getattr(self.before, name), getattr(self.after, name))
        return {name: value for name, value in found.items() if value is not None}


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _foreign(busy: float | None, own: float | None) -> float | None:
    # The kernel counts the whole machine in hundredths: a small negative remainder is none.
    return None if busy is None or own is None else max(0.0, busy - own)


def describe(watch: Watch, engine: EngineFacts) -> Environment:
    """Return the machine as it is, with what ``watch`` saw and what the engine says of itself."""
    cpu = read_cpu(_read(PROC / "cpuinfo"))
    return Environment(
        host=platform.node(),
        operating_system=read_system(),
        kernel=platform.release(),
        cpu_model=cpu.model,
        cpu_count=os.cpu_count() or 0,
        cpu_features=cpu.features,
        memory_bytes=read_memory(_read(PROC / "meminfo"), "MemTotal") or 0,
        virtualization=read_virtualization(cpu.features),
        governor=_read(SYS / "devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or None,
        frequency_mhz=watch.before.frequency_mhz,
        load_before=watch.before.load,
        load_after=watch.after.load if watch.after else None,
        during=watch.summarize(),
        gpus=read_gpus(),
        engine=dataclasses.asdict(engine) | {"limits_here": read_limits()},
    )


# -- counters --------------------------------------------------------------------------------


def read_counters() -> Reading:
    """Read every counter of the machine once."""
    busy, steal = read_cpu_times(_read(PROC / "stat"))
    return Reading(
        seconds=time.monotonic(),
        load=_load(),
        busy_seconds=busy,
        steal_seconds=steal,
        memory_stall_seconds=read_stall(_read(PROC / "pressure/memory")),
        cpu_stall_seconds=read_stall(_read(PROC / "pressure/cpu")),
        io_stall_seconds=read_stall(_read(PROC / "pressure/io")),
        throttled=read_throttling(),
        swapped_pages=read_swapping(_read(PROC / "vmstat")),
        frequency_mhz=read_cpu(_read(PROC / "cpuinfo")).frequency_mhz,
        available_memory_bytes=read_memory(_read(PROC / "meminfo"), "MemAvailable"),
    )


def _load() -> Load | None:
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


def read_throttling() -> int | None:
    """Return how often the processors were slowed for heat since boot."""
    counts = [
        _read(path).strip()
        for path in (SYS / "devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_count")
    ]
    return sum(int(count) for count in counts if count.isdigit()) if counts else None


def read_swapping(text: str) -> int | None:
    """Return the pages swapped in and out since boot, out of ``/proc/vmstat``."""
    pages = [
        int(line.split()[1])
        for line in text.splitlines()
        if line.startswith(("pswpin ", "pswpout "))
    ]
    return sum(pages) if pages else None


# -- facts -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """The processor as ``/proc/cpuinfo`` has it; the frequency is the mean over all."""

    model: str
    features: tuple[str, ...]
    frequency_mhz: float | None


def read_cpu(text: str) -> Cpu:
    """Read model, features and frequency out of ``/proc/cpuinfo`` (x86 and ARM)."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name.strip(), []).append(value.strip())
    model = values.get("model name") or values.get("Model") or [platform.processor()]
    features = values.get("flags") or values.get("Features") or [""]
    frequencies = [float(value) for value in values.get("cpu MHz", [])]
    return Cpu(
        model=model[0] or platform.machine(),
        features=tuple(sorted(features[0].split())),
        frequency_mhz=sum(frequencies) / len(frequencies) if frequencies else None,
    )


def read_memory(text: str, field: str) -> int | None:
    """Return ``field`` of ``/proc/meminfo`` in bytes."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return None


def usable_memory_bytes() -> int:
    """Return the machine's memory, or less where dlbench itself is limited to less."""
    installed = read_memory(_read(PROC / "meminfo"), "MemTotal") or 0
    limits = [
        int(limit)
        for name, limit in read_limits().items()
        if limit.isdigit() and name in MEMORY_LIMITS
    ]
    return min([installed, *limits])


def read_system() -> str:
    """Return the operating system's own name for itself."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.platform()


def read_virtualization(features: tuple[str, ...]) -> str | None:
    """Return what the machine runs on (``kvm``, ``kvm+docker``); ``none`` is bare metal."""
    detector = shutil.which("systemd-detect-virt")
    if detector:
        found = [_output([detector, kind], seconds=5).strip() for kind in ("--vm", "--container")]
        return "+".join(name for name in found if name not in {"", "none"}) or "none"
    if "hypervisor" in features:
        return _read(SYS / "class/dmi/id/sys_vendor").strip() or "unknown hypervisor"
    return None


def read_limits() -> dict[str, str]:
    """Return the limits that dlbench itself is under, as a container or a session sets them."""
    limits = {"cpus": ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))}
    for name, path in (
        ("memory.max", SYS / "fs/cgroup/memory.max"),
        ("cpu.max", SYS / "fs/cgroup/cpu.max"),
        ("memory.limit_in_bytes", SYS / "fs/cgroup/memory/memory.limit_in_bytes"),
        ("cpu.cfs_quota_us", SYS / "fs/cgroup/cpu/cpu.cfs_quota_us"),
    ):
        value = _read(path).strip()
        if value:
            limits[name] = value
    return limits


def read_gpus(output: Callable[[list[str]], str] | None = None) -> tuple[dict[str, Any], ...]:
    """Return each NVIDIA device that ``nvidia-smi`` lists; none where there is no such program."""
    program = shutil.which("nvidia-smi")
    if output is None and program is None:
        return ()
    query = ",".join(GPU_FIELDS.values())
    command = [program or "nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"]
    text = output(command) if output else _output(command, seconds=GPU_SECONDS)
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines() if line)
    return tuple(
        {name: cell for name, cell in zip(GPU_FIELDS, row, strict=True) if cell[:1] != "["}
        for row in rows
        if len(row) == len(GPU_FIELDS)
    )


def _output(command: list[str], *, seconds: float) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
