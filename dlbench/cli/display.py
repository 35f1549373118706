"""Live progress of a campaign: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from dlbench.campaign import Place, estimate_seconds
from dlbench.cli import console
from dlbench.disturbances import find_disturbances
from dlbench.job import Event
from dlbench.record import CellFacts, Record
from dlbench.rounds import Rounds
from dlbench.runner import PreparedRun
from dlbench.summary import count_cpus

if TYPE_CHECKING:
    from rich.status import Status

    from dlbench.standings import Standing

#: Without a terminal, a line of progress at most this often.
PLAIN_INTERVAL_SECONDS = 10.0


def describe_cell(cell: CellFacts) -> str:
    """Return scenario, image and the axes of a cell in one line."""
    axes = " ".join(f"{name}={value}" for name, value in cell.axes.items())
    image = spell_image(cell.framework, cell.image_id)
    return f"{cell.scenario} on {image} ({cell.device}) {axes}"


def spell_image(framework: str, image_id: str) -> str:
    """Return an image's name, with the framework's before it where that does not tell it."""
    return image_id if framework in image_id.split("-") else f"{framework} in {image_id}"


def format_seconds(seconds: float) -> str:
    """Return a duration as a person reads it."""
    if seconds < 0.1:
        return f"{seconds * 1000:.2f} ms"
    if seconds < 120:
        return f"{seconds:.2f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class Display(AbstractContextManager["Display"]):
    """Shows how a campaign goes on, on standard error."""

    def __init__(self) -> None:
        #: None where nobody looks on: rich is slow to import.
        self._console = console.err() if sys.stderr.isatty() else None
        self._status: Status | None = None
        self._shown = 0.0
        self._round_began = 0.0
        self._prefix = ""
        self._run: PreparedRun | None = None
        self._values: dict[str, list[float]] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the changing line away."""
        self._stop()

    def note(self, text: str) -> None:
        """Print a line that stays."""
        if self._console is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._console.print(text, markup=False)

    def progress(self, text: str) -> None:
        """Show ``text`` for the moment: in the changing line, or as a plain line now and then."""
        if self._console is not None:
            if self._status is None:
                self._status = self._console.status("")
                self._status.start()
            # A log line of a build may hold anything: it must not be read as markup.
            self._status.update(text.replace("[", r"\[")[: self._console.width - 4])
        elif time.monotonic() - self._shown >= PLAIN_INTERVAL_SECONDS:
            self._shown = time.monotonic()
            self.note(f"  {text}")

    def begin_run(self, place: Place, run: PreparedRun) -> None:
        """Announce a run."""
        self._run = run
        self._values = {}
        several = f"round {place.round} of {place.rounds}, " if place.rounds.at_most > 1 else ""
        self._prefix = f"[{several}{place.number}/{place.total}]"
        if place.number == 1:
            self._round_began = time.monotonic()
        self.note(f"{self._prefix} {describe_cell(run.cell)}")
        self._shown = time.monotonic()

    def see_event(self, event: Event) -> None:
        """Show what the worker is doing: the phase, how far it is, the running median."""
        name = event.name or event.event
        text = f"{self._prefix} {name.replace('_', ' ')}"
        if event.index is not None and event.total:
            text += f" {event.index} of {event.total}"
        if isinstance(event.value, float | int) and event.unit == "s":
            values = self._values.setdefault(name, [])
            values.append(float(event.value))
            text += f", median {format_seconds(statistics.median(values))}"
            if len(values) == 1:
                self._announce_estimate(name, values[0])
        elif event.value is not None:
            text += f": {event.value:.4g}" if isinstance(event.value, float) else f": {event.value}"
        self.progress(text)

    def _announce_estimate(self, name: str, seconds: float) -> None:
        if self._run is None:
            return
        job = self._run.job
        if name == "first_step":
            rest, bound = estimate_seconds(job, seconds), "at most about"
        elif name == "epoch" and job.plan.epochs > 1:
            rest, bound = seconds * (job.plan.epochs - 1), "for epochs about"
        elif name == "warmup":
            rest, bound = estimate_seconds(job, seconds, epochs=0), "about"
        else:
            return
        self.note(
            f"{self._prefix} {name.replace('_', ' ')} {format_seconds(seconds)}; "
            f"{bound} {format_seconds(rest)} to go"
        )

    def end_run(self, record: Record, path: Path) -> None:
        """Say how a run ended and where its record is."""
        self._stop()
        outcome = record.outcome
        how = "ok" if outcome.ok else outcome.describe(record.limits)
        self.note(f"{self._prefix} {how} in {format_seconds(outcome.wall_seconds)}: {path}")
        disturbances = find_disturbances(record.environment, count_cpus(record))
        if disturbances:
            remarks = "; ".join(disturbance.describe() for disturbance in disturbances)
            self.note(f"{self._prefix} disturbed: {remarks}")
        if not outcome.ok and outcome.log_tail:
            for line in outcome.log_tail.splitlines()[-5:]:
                self.note(f"      {line}")

    def end_round(self, number: int, rounds: Rounds, standings: Sequence[Standing]) -> None:
        """Say how the cells stand, and how long further rounds would take."""
        seconds = time.monotonic() - self._round_began
        described = [(one.work, words) for one in standings if (words := one.describe())]
        for work, words in described or [("", "done")]:
            which = f"{work}: " if len(described) > 1 else ""
            self.note(f"round {number} of {rounds}: {which}{words}")
        if number == 1:
            least, most = ((count - 1) * seconds for count in rounds)
            span = f"{format_seconds(least)} to " if least < most else ""
            self.note(
                f"a round takes {format_seconds(seconds)}; {span}{format_seconds(most)} to go"
            )

    def leave_out(self, cell: CellFacts) -> None:
        """Say that a cell has no further rounds."""
        self.note(f"no run of {describe_cell(cell)} ended well: it has no further rounds")

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
