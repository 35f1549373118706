"""Signals while runs are executed: the first one ends the run, not the program."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from dlbench.engine import Engine

#: Who ends a program by a signal often sends it twice: to the process, then to its group.
SAME_SIGNAL_SECONDS = 2.0

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(AbstractContextManager["Interruption"]):
    """Hands the first SIGINT or SIGTERM to the engine, so that the run's record is kept.

    A further one, later than ``SAME_SIGNAL_SECONDS``, goes to whoever would have had it before.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._first_seconds = 0.0
        self._before: dict[signal.Signals, Any] = {}
        #: The signal that came, if one did.
        self.signalled: int | None = None

    def __enter__(self) -> Interruption:
        """Begin to listen."""
        self._before = {each: signal.signal(each, self._hear) for each in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _hear(self, number: int, frame: object) -> None:
        if self.signalled is None:
            self.signalled = number
            self._first_seconds = time.monotonic()
            # Not from here: the main thread may be inside the engine's client.
            threading.Thread(target=self._engine.interrupt, daemon=True).start()
        elif time.monotonic() - self._first_seconds > SAME_SIGNAL_SECONDS:
            handler = self._before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)
