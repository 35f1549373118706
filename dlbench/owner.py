"""Who made a container: one dlbench process on one machine, told apart from all others, also later.

A container that outlived its dlbench (which was killed) may be removed; one whose dlbench is at
work may not, and of a dlbench that cannot be seen from here nobody can say.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from dlbench.kernel import Kernel

#: ``elsewhere``: on another machine, or in a container of its own, where it cannot be seen.
Whereabouts: TypeAlias = Literal["alive", "ended", "elsewhere"]

#: Where the time of its start stands after a process's name in ``/proc/PID/stat``.
START = 19


class Owner(Struct, frozen=True, kw_only=True):
    """A process, as a label of a container names it."""

    host: str
    #: The kernel's id of this boot of the machine.
    boot: str
    #: The namespace in which the process has its number.
    namespace: str
    pid: int
    #: In the kernel's ticks since boot: numbers of processes are given again.
    started: str

    def spell(self) -> str:
        """Return it as one label."""
        return f"{self.host} {self.boot} {self.namespace} {self.pid} {self.started}"


def find_owner(kernel: Kernel | None = None) -> Owner:
    """Return this process."""
    kernel = kernel or Kernel()
    return Owner(
        host=platform.node() or "unnamed",
        boot=kernel.read_proc("sys/kernel/random/boot_id").strip() or "unknown",
        namespace=_read_namespace(kernel.proc / "self/ns/pid"),
        pid=os.getpid(),
        started=read_start(os.getpid(), kernel) or "unknown",
    )


def read_owner(label: str) -> Owner | None:
    """Return the process that ``label`` names, None where it names none."""
    parts = label.split()
    if len(parts) != 5 or not parts[3].isdigit():
        return None
    host, boot, namespace, pid, started = parts
    return Owner(host=host, boot=boot, namespace=namespace, pid=int(pid), started=started)


def find_whereabouts(
    owner: Owner, here: Owner, *, running: bool, kernel: Kernel | None = None
) -> Whereabouts:
    """Return what became of ``owner``, as far as the process ``here`` can tell.

    ``running`` is whether its container still is, which none is that was made before a boot.
    """
    known = "unknown" not in {owner.boot, owner.namespace, owner.started}
    if not known or owner.host != here.host:
        return "elsewhere"
    if owner.boot != here.boot:
        return "elsewhere" if running else "ended"
    if owner.namespace != here.namespace:
        return "elsewhere"
    same = read_start(owner.pid, kernel or Kernel()) == owner.started
    return "alive" if same else "ended"


def read_start(pid: int, kernel: Kernel) -> str | None:
    """Return when a process was started, None where there is none of that number."""
    fields = kernel.read_proc(f"{pid}/stat").rpartition(")")[2].split()
    return fields[START] if len(fields) > START else None


def _read_namespace(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return "unknown"
