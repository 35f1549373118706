"""Programs that start programs: ended together, so that none outlives the command that began it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def ended_together(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill ``process`` and everything that it started where the block ends with an exception.

    The process must have been started with ``start_new_session=True``.
    """
    try:
        yield
    except BaseException:
        # Not reaped yet, so no other group can have its number.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
