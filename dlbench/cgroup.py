"""Control groups, version 1 and 2: the counters of one, and groups of our own where permitted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
NANOSECONDS = 1e9
MICROSECONDS = 1e6


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What a control group has used so far, sub-groups that are gone included; None: unknown."""

    cpu_seconds: float | None = None
    oom_kills: int | None = None


def read_counters(name: str, root: Path = ROOT) -> Counters:
    """Read the counters of the control group ``name``, relative to the root of the hierarchy.

    Under version 1 kills are not counted over sub-groups; the kernel's own count of all
    out-of-memory kills on the machine stands in.
    """
    name = name.strip("/")
    if (root / "cgroup.controllers").exists():
        return Counters(
            cpu_seconds=_scaled(read_field(root / name / "cpu.stat", "usage_usec"), MICROSECONDS),
            oom_kills=read_field(root / name / "memory.events", "oom_kill"),
        )
    usage = read_number(root / "cpuacct" / name / "cpuacct.usage")
    return Counters(
        cpu_seconds=_scaled(usage, NANOSECONDS),
        oom_kills=read_field(Path("/proc/vmstat"), "oom_kill"),
    )


def _scaled(value: int | None, scale: float) -> float | None:
    return None if value is None else value / scale


def subtract(later: float | None, earlier: float | None) -> float | None:
    """Return what was added between two readings; a group that did not exist had used nothing."""
    return None if later is None else later - (earlier or 0)


def read_number(path: Path) -> int | None:
    """Return the number that the file holds, or None."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def read_field(path: Path, field: str) -> int | None:
    """Return the number after ``field`` in a file of ``name value`` lines, or None."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(" ")
        if name == field and value.strip().isdigit():
            return int(value)
    return None
