"""Control groups, version 1 and 2: the counters of one, and groups of our own where permitted."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from msgspec import Struct

from dlbench.kernel import read_number, read_text

ROOT = Path("/sys/fs/cgroup")
NANOSECONDS = 1e9
MICROSECONDS = 1e6


class Counters(Struct, frozen=True, kw_only=True):
    """What a control group has used so far, sub-groups that are gone included; None: unknown."""

    cpu_seconds: float | None = None
    oom_kills: int | None = None


def read_counters(name: str, root: Path = ROOT) -> Counters:
    """Read the counters of the control group ``name``, relative to the root of the hierarchy.

    Under version 1 kills are not counted over sub-groups; the kernel's own count of all
    out-of-memory kills on the machine stands in.
    """
    if (root / "cgroup.controllers").exists():
        kills = read_field(root / name.strip("/") / "memory.events", "oom_kill")
    else:
        kills = read_field(Path("/proc/vmstat"), "oom_kill")
    return Counters(cpu_seconds=read_cpu_seconds(name, root), oom_kills=kills)


def read_cpu_seconds(name: str, root: Path = ROOT) -> float | None:
    """Return the processor time used in the control group ``name``, None for the whole machine's.

    The root of the hierarchy, which '' stands for, is of no run.
    """
    name = name.strip("/")
    if not name:
        return None
    if (root / "cgroup.controllers").exists():
        return _scaled(read_field(root / name / "cpu.stat", "usage_usec"), MICROSECONDS)
    return _scaled(read_number(root / "cpuacct" / name / "cpuacct.usage"), NANOSECONDS)


def remove_group(name: str, root: Path = ROOT) -> None:
    """Remove an empty control group that an engine made, wherever it is; a shared one stays."""
    name = name.strip("/")
    for pattern in (f"{name}/*/", f"*/{name}/*/", f"{name}/", f"*/{name}/"):
        for folder in root.glob(pattern):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _scaled(value: int | None, scale: float) -> float | None:
    return None if value is None else value / scale


def subtract(later: float | None, earlier: float | None) -> float | None:
    """Return what was added between two readings; a group that did not exist had used nothing."""
    return None if later is None else later - (earlier or 0)


def read_field(path: Path, field: str) -> int | None:
    """Return the number after ``field`` in a file of ``name value`` lines, or None."""
    for line in read_text(path).splitlines():
        name, _, value = line.partition(" ")
        if name == field and value.strip().isdigit():
            return int(value)
    return None


class Group(Struct, frozen=True, kw_only=True):
    """A control group of our own, for the processes of one run; a folder for each controller."""

    folders: tuple[Path, ...]

    @property
    def members(self) -> tuple[Path, ...]:
        """The files that a process writes 0 into to join."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def cpu_seconds(self) -> float | None:
        """Return the processor time used in the group."""
        for folder in self.folders:
            usec = read_field(folder / "cpu.stat", "usage_usec")
            if usec is not None:
                return usec / MICROSECONDS
            usage = read_number(folder / "cpuacct.usage")
            if usage is not None:
                return usage / NANOSECONDS
        return None

    def oom_kills(self) -> int:
        """Return how many processes were killed at the memory limit."""
        counts = (
            read_field(folder / file, "oom_kill")
            for folder in self.folders
            for file in ("memory.events", "memory.oom_control")
        )
        return sum(count for count in counts if count)

    def processes(self) -> set[int]:
        """Return the processes that are in the group now."""
        found: set[int] = set()
        for path in self.members:
            with contextlib.suppress(OSError):
                found.update(int(line) for line in path.read_text().split())
        return found

    def remove(self) -> None:
        """Remove the group, which must be empty; one that is busy is left to its last process."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def make_group(name: str, *, memory_bytes: int, pids: int, root: Path = ROOT) -> Group | None:
    """Make a control group with these limits (0: none); None where that is not permitted."""
    try:
        if (root / "cgroup.controllers").exists():
            return _make_unified(name, memory_bytes, pids, root)
        return _make_split(name, memory_bytes, pids, root)
    except OSError:
        return None


def _make_unified(name: str, memory_bytes: int, pids: int, root: Path) -> Group | None:
    parent = _find_parent(root)
    if parent is None:
        return None
    folder = parent / name
    folder.mkdir()
    group = Group(folders=(folder,))
    swap = folder / "memory.swap.max"
    limits = [(swap, 0)] if swap.exists() else []
    limits += [(folder / "memory.max", memory_bytes)] if memory_bytes else []
    limits += [(folder / "pids.max", pids)] if pids else []
    _set_limits(group, limits)
    return group


def _find_parent(root: Path) -> Path | None:
    """Return the nearest group, from our own upwards, that gives its children these limits."""
    own = root / _own_path("").lstrip("/")
    for parent in (own, *own.parents):
        given = set((parent / "cgroup.subtree_control").read_text().split())
        if {"memory", "pids"} <= given and os.access(parent / "cgroup.procs", os.W_OK):
            return parent
        if parent == root:
            break
    return None


def _make_split(name: str, memory_bytes: int, pids: int, root: Path) -> Group | None:
    made: list[Path] = []
    try:
        for controller in ("memory", "pids", "cpuacct"):
            folder = root / controller / _own_path(controller).lstrip("/") / name
            folder.mkdir()
            made.append(folder)
    except OSError:
        Group(folders=tuple(made)).remove()
        raise
    group = Group(folders=tuple(made))
    memory, tasks, _ = made
    limits = [(tasks / "pids.max", pids)] if pids else []
    if memory_bytes:
        # The limit with swap may not be under the one without: that one goes first.
        limits += [(memory / "memory.limit_in_bytes", memory_bytes)]
        if (memory / "memory.memsw.limit_in_bytes").exists():
            limits += [(memory / "memory.memsw.limit_in_bytes", memory_bytes)]
    _set_limits(group, limits)
    return group


def _set_limits(group: Group, limits: list[tuple[Path, int]]) -> None:
    try:
        for path, value in limits:
            path.write_text(str(value))
    except OSError:
        group.remove()
        raise


def _own_path(controller: str) -> str:
    return find_group(Path("/proc/self/cgroup").read_text(), controller) or "/"


def find_group(text: str, controller: str) -> str | None:
    """Return the group in a ``/proc/PID/cgroup``, of a version 1 controller or '' for version 2."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return None
