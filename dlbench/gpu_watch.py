"""Watching NVIDIA devices during a run: one ``nvidia-smi`` that prints a row at every interval.

The program sleeps between rows, and a thread of the host blocks on its output.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from datetime import datetime

from dlbench.energy import integrate
from dlbench.gpus import PROGRAM, read_processes, read_rows, read_value
from dlbench.record import Energy, Samples
from dlbench.series import Series

INTERVAL_SECONDS = 1.0
STOP_SECONDS = 5.0

GAUGES = {
    "clock_mhz": "clocks.sm",
    "power_watts": "power.draw",
    "temperature_celsius": "temperature.gpu",
    "utilization_percent": "utilization.gpu",
    "memory_mib": "memory.used",
}
#: A bit for each reason why the clock is not higher; drivers before 535 know the second name alone.
REASONS = "clock_reasons"
REASON_FIELDS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")
#: How nvidia-smi spells the time of a row: local, to the millisecond.
TIME_FORMAT = "%Y/%m/%d %H:%M:%S.%f"

SOURCE = "nvidia-smi, power drawn by the board"
REASON = "the power is sampled about once a second, and the sensor averages it"


class GpuWatch:
    """What the devices do between ``start`` and ``stop``, and who else computes on them."""

    def __init__(self, program: str | None = None) -> None:
        self._program = program or shutil.which(PROGRAM)
        self._series: dict[str, Series] = {}
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gpu watch", daemon=True)
        self._started = self._seconds = 0.0
        self._before: frozenset[str] | None = None
        self._after: frozenset[str] | None = None
        self.samples: dict[str, Samples] = {}

    def start(self) -> None:
        """Begin, before the run does: whoever computes on a device now is a stranger to it."""
        self._before = read_processes(self._program)
        self._started = time.time()
        self._thread.start()

    def stop(self) -> None:
        """End the program; what it printed is in ``samples`` by device."""
        self._stopped.set()
        self._seconds = time.time() - self._started
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
            if self._process is not None:
                end(self._process)
            self._thread.join(STOP_SECONDS)
        self._after = read_processes(self._program)
        finished = {index: series.finish() for index, series in sorted(self._series.items())}
        self.samples = {index: found for index, found in finished.items() if found is not None}

    @property
    def strangers(self) -> int | None:
        """How many processes computed on a device before the run began, or after it had ended."""
        if self._before is None and self._after is None:
            return None
        return len((self._before or frozenset()) | (self._after or frozenset()))

    def measure_energy(self) -> tuple[Energy, ...]:
        """Return what each device used, estimated from the power that it drew."""
        if not self.samples:
            reason = "nvidia-smi shows no power" if self._program else "there is no nvidia-smi"
            return (Energy(part="device", source=SOURCE, trust="unavailable", reason=reason),)
        return tuple(
            describe_device(index, integrate(samples, "power_watts", self._seconds))
            for index, samples in self.samples.items()
        )

    def _watch(self) -> None:
        for reasons in REASON_FIELDS:
            if self._program is None or self._series or self._stopped.is_set():
                return
            self._follow(self._program, ["timestamp", "index", *GAUGES.values(), reasons])

    def _follow(self, program: str, fields: Sequence[str]) -> None:
        """Start the program and take in its rows until it ends."""
        try:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--query-gpu={','.join(fields)}",
                    "--format=csv,noheader,nounits",
                    f"--loop-ms={INTERVAL_SECONDS * 1000:.0f}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError:
            return
        with self._process as process:
            assert process.stdout is not None
            if self._stopped.is_set():
                process.terminate()
            for line in process.stdout:
                for row in read_rows(line, len(fields)):
                    self._add(row)

    def _add(self, row: Sequence[str]) -> None:
        moment, index, *cells = row
        try:
            # The row's own time: its line may have waited in a buffer.
            seconds = datetime.strptime(moment, TIME_FORMAT).timestamp() - self._started
        except ValueError:
            return
        read = zip((*GAUGES, REASONS), map(read_value, cells), strict=True)
        series = self._series.get(index)
        if series is None:
            series = self._series[index] = Series(INTERVAL_SECONDS, gauges=GAUGES, flags=[REASONS])
        series.add(seconds, {name: value for name, value in read if value is not None})


def describe_device(index: str, joules: float | None) -> Energy:
    """Return the energy of one device over a run."""
    source = f"device {index}: {SOURCE}"
    if joules is None:
        return Energy(
            part="device", source=source, trust="unavailable", reason="it shows no power drawn"
        )
    return Energy(part="device", source=source, trust="estimated", joules=joules, reason=REASON)
