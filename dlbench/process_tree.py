"""A process and its descendants: the processor time that they have used so far."""

from __future__ import annotations

import os
from pathlib import Path

from dlbench.kernel import read_text

PROC = Path("/proc")

#: Where utime, stime, cutime and cstime stand after the name in ``/proc/PID/stat``.
TIMES = slice(11, 15)


def read_tree_seconds(pid: int, proc: Path = PROC) -> float | None:
    """Return the processor time of ``pid``, of its descendants and of those already waited for.

    None where there is no such process.  A descendant that has left the tree is not found.
    """
    ticks = _read_ticks(proc / str(pid))
    if ticks is None:
        return None
    waiting = _find_children(proc / str(pid))
    while waiting:
        folder = proc / waiting.pop()
        ticks += _read_ticks(folder) or 0
        waiting += _find_children(folder)
    return ticks / os.sysconf("SC_CLK_TCK")


def _read_ticks(folder: Path) -> int | None:
    # A name may hold anything, blanks and brackets too.
    fields = read_text(folder / "stat").rpartition(")")[2].split()
    return sum(map(int, fields[TIMES])) if fields else None


def _find_children(folder: Path) -> list[str]:
    return [child for path in folder.glob("task/*/children") for child in read_text(path).split()]
