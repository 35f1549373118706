"""The processes of one run without a container: a session of their own, inside limits."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from dlbench.cgroup import Group
from dlbench.container import fill_command
from dlbench.engine import RunSpec
from dlbench.process_tree import read_tree_seconds
from dlbench.run_log import RunLog
from dlbench.supervision import Ended, Messages

LAUNCH = Path(__file__).with_name("launch.py")
CHUNK_BYTES = 65536
#: A process that a signal ended has this plus the signal as its code, as in containers.
SIGNAL_BASE = 128


class RunProcess:
    """The processes of one run: a session of their own, started through ``launch.py``."""

    def __init__(self, spec: RunSpec, variables: Mapping[str, str], group: Group | None) -> None:
        self._spec = spec
        self._variables = variables
        self._group = group
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, log: RunLog, messages: Messages) -> threading.Thread:
        """Start the command; return the thread that reads its output until there is no more."""
        spec = self._spec
        values = {
            "python": spec.image.python,
            "in": str(spec.in_folder.resolve()),
            "out": str(spec.out_folder.resolve()),
            "data": str((spec.data_folder or spec.in_folder).resolve()),
        }
        limits = {
            "cpus": spec.cpus,
            "groups": [str(path) for path in self._group.members] if self._group else [],
            "parent": os.getpid(),
        }
        launch = [sys.executable, "-I", "-S", str(LAUNCH), json.dumps(limits)]
        self._process = subprocess.Popen(
            [*launch, *fill_command(spec.command, values)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=spec.in_folder,
            env=dict(self._variables),
            start_new_session=True,
        )
        drain = threading.Thread(target=self._drain, args=(self._process, log), daemon=True)
        drain.start()
        threading.Thread(
            target=self._await_end, args=(self._process, messages), daemon=True
        ).start()
        return drain

    def _drain(self, process: subprocess.Popen[bytes], log: RunLog) -> None:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        while chunk := os.read(descriptor, CHUNK_BYTES):
            log.write(chunk)

    def _await_end(self, process: subprocess.Popen[bytes], messages: Messages) -> None:
        # Its group is ended while it is not yet reaped, when no other group can have its number.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.signal(signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        messages.put(
            Ended(
                code=code if code >= 0 else SIGNAL_BASE - code,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
            )
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, and on SIGKILL to whoever has left it too."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        if number is signal.SIGKILL and self._group:
            for pid in self._group.processes():
                _kill(pid)

    def cpu_seconds(self) -> float | None:
        """Return the processor time used so far, None where there is no process (any more)."""
        if self._process is None or self._process.returncode is not None:
            return None
        used = self._group.cpu_seconds() if self._group else None
        return read_tree_seconds(self._process.pid) if used is None else used

    def end(self) -> None:
        """Make sure that nothing is left, and that the log's pipe is closed."""
        self.signal(signal.SIGKILL)
        process = self._process
        if process is not None and process.stdout is not None:
            process.stdout.close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
