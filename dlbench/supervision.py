"""Waiting for a run to end, with a time limit and interruptions, the same for every engine.

Whoever executes a run blocks in ``supervise``; a thread of the engine reports the end, and
``interrupt`` may come from any thread or from a signal handler.  Nothing is polled.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from dlbench.engine import How

#: What a worker that is asked to end has for writing its result.
GRACE_SECONDS = 5.0
#: After a kill, how long the engine may take to say that the run has ended.
KILL_SECONDS = 30.0


class Ended(Struct, frozen=True):
    """The run has ended with ``code``, or the engine can no longer say (``lost``: why)."""

    code: int | None = None
    lost: str = ""
    #: Processor time of all its processes, where the engine learns it with the end.
    cpu_seconds: float | None = None


class Interrupt:
    """Somebody asked for the end of the run."""


#: SimpleQueue, because its ``put`` may be called from a signal handler at any point.
Messages: TypeAlias = "queue.SimpleQueue[Ended | Interrupt]"


class Limit(Struct, frozen=True, kw_only=True):
    """How long a run may take, and how long it has once it is asked to end."""

    timeout_seconds: float
    grace_seconds: float = GRACE_SECONDS
    kill_seconds: float = KILL_SECONDS


def supervise(
    messages: Messages,
    limit: Limit,
    *,
    terminate: Callable[[], None],
    kill: Callable[[], None],
) -> tuple[How, Ended]:
    """Block until the run ended; end it at the time limit or at the first interruption.

    ``terminate`` asks the run to end; when it has not ended after the grace, or a second
    interruption comes, ``kill`` ends it.
    """
    message = take(messages, limit.timeout_seconds)
    if isinstance(message, Ended):
        return ("lost" if message.lost else "exited"), message
    how: How = "timeout" if message is None else "interrupted"
    terminate()
    message = take(messages, limit.grace_seconds)
    if not isinstance(message, Ended):
        kill()
        message = take_end(messages, limit.kill_seconds)
    if message is None:
        return "lost", Ended(lost=f"it had to be killed ({how}), and the engine shows no end of it")
    return how, message


def take(messages: Messages, seconds: float) -> Ended | Interrupt | None:
    """Return the next message, or None when none came in time."""
    try:
        return messages.get(timeout=max(0.0, min(seconds, 10.0**7)))
    except queue.Empty:
        return None


def take_end(messages: Messages, seconds: float) -> Ended | None:
    """Return the end of the run, passing over interruptions, or None when it came not in time."""
    deadline = time.monotonic() + seconds
    while True:
        message = take(messages, deadline - time.monotonic())
        if message is None or isinstance(message, Ended):
            return message
