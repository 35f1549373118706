"""How verification goes on, and what came of it, as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlbench.cells import Cell
from dlbench.cli.display import Display, describe_cell, format_seconds
from dlbench.job import Event
from dlbench.preparation import cell_facts
from dlbench.record import ParityFacts, Record
from dlbench.runner import PreparedRun


class ParityDisplay:
    """Shows parity runs in the display of a command."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._prefix = ""

    def progress(self, text: str) -> None:
        """Show what is waited for."""
        self._display.progress(text)

    def note(self, text: str) -> None:
        """Print what stays to be read."""
        self._display.note(text)

    def begin_run(self, number: int, total: int, run: PreparedRun) -> None:
        """Announce a run."""
        self._prefix = f"[parity {number}/{total}]"
        parity = run.job.parity
        makes = parity is not None and parity.role == "make"
        what = "the oracle's arrays, kept for all: " if makes else ""
        self._display.note(f"{self._prefix} {what}{describe_cell(run.cell)}")

    def see_event(self, event: Event) -> None:
        """Show which probe the worker is at, and how far it is."""
        text = f"{self._prefix} {event.name or event.event}"
        if event.index is not None and event.total:
            text += f" {event.index} of {event.total}"
        if isinstance(event.value, float | int) and event.unit == "s":
            text += f", {format_seconds(event.value)}"
        self._display.progress(text)

    def end_run(self, record: Record, path: Path) -> None:
        """Say how a run ended, and where what came of it is."""
        how = record.outcome.describe(record.limits)
        if record.outcome.ok and record.parity.run_id:
            how = f"parity {record.parity.verdict}"
        self._display.note(
            f"{self._prefix} {how} in {format_seconds(record.outcome.wall_seconds)}: {path}"
        )
        for line in record.outcome.log_tail.splitlines()[-5:]:
            self._display.note(f"      {line}")


def show_verdicts(display: Display, cells: Sequence[Cell], found: Sequence[ParityFacts]) -> None:
    """Say in a line how many cells passed, and of each other cell why it did not."""
    passed = sum(facts.verdict == "passed" for facts in found)
    display.note(f"parity   passed by {passed} of {len(found)} cells")
    shown = set()
    for cell, facts in zip(cells, found, strict=True):
        line = f"{facts.verdict}: {facts.reason}"
        key = facts.key or line
        if facts.verdict == "passed" or key in shown:
            continue
        shown.add(key)
        display.note(f"         {describe_cell(cell_facts(cell))}: {line}")
        if facts.run_id:
            display.note(f"         dlbench show {facts.run_id}")
