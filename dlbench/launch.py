"""Become the command of a run, inside its limits: ``python -I -S launch.py LIMITS COMMAND...``.

Run by path in a process of its own, because what it sets is inherited by everything that the
command starts, and must be in force before its first instruction.  ``LIMITS`` is JSON:
``{"cpus": [0, 1], "groups": ["/sys/fs/cgroup/.../cgroup.procs"], "parent": 1234}``.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    """Set the limits and replace this process with the command; returns only where it cannot."""
    limits, command = json.loads(arguments[0]), arguments[1:]
    for path in limits["groups"]:
        Path(path).write_text("0")
    if limits["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, limits["cpus"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    die_with(limits["parent"])
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
    return NOT_FOUND


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when ``parent`` dies, so that no run outlives dlbench."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
