"""The sampler: one thread of the host that sleeps, and looks at the machine every other second.

It reads a few of the kernel's files, writes none, and knows nothing of the run's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from dlbench.record import Samples
from dlbench.series import Series

#: Often enough to see who comes and goes, and too seldom to be seen (docs/measuring.md).
INTERVAL_SECONDS = 2.0


class Sampler:
    """Calls ``read`` at every interval, in a thread of its own, from ``start`` until ``stop``."""

    def __init__(
        self,
        read: Callable[[], Mapping[str, float]],
        series: Series,
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._read = read
        self._series = series
        self._interval_seconds = interval_seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)
        self._started = 0.0
        #: Processor time that sampling itself has taken, once it has stopped.
        self.cpu_seconds = 0.0

    def start(self) -> None:
        """Begin; the first sample is due after one interval."""
        self._started = time.monotonic()
        self._thread.start()

    def stop(self) -> Samples | None:
        """Take no more samples, and return what there is."""
        self._end.set()
        self._thread.join()
        return self._series.finish()

    def _sample(self) -> None:
        due = self._started + self._interval_seconds
        while not self._end.wait(max(0.0, due - time.monotonic())):
            seconds = time.monotonic() - self._started
            self._series.add(seconds, self._read())
            # After a suspended machine what was missed is not made up for.
            due = max(due, time.monotonic()) + self._interval_seconds
        self.cpu_seconds = time.thread_time()
