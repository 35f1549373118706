"""Rows: the runs that may be pooled into one line of a table, and what tells lines apart.

Runs are pooled when they are of one cell and agree in every fact of ``summary.gather_facts``.
Rows that differ in a fact which nobody asked to vary are shown, and the difference is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dlbench.disturbances import summarize_disturbances
from dlbench.quality import describe_quality
from dlbench.record import CellFacts
from dlbench.summary import Conditions, RunSummary

NOT_APPLICABLE = "not applicable"

#: Ends that say nothing about the cell: such runs count only where there is no other.
UNFINISHED = frozenset({"interrupted", "lost"})

PARITY_NOT_RUN = "parity not run"


@dataclass(frozen=True)
class Row:
    """Runs of one cell that agree in every fact, oldest first."""

    runs: tuple[RunSummary, ...]

    @cached_property
    def conditions(self) -> Conditions:
        """What the row's runs have in common; a run that ended well speaks for the others."""
        return (self.good or self.runs)[-1].conditions

    @property
    def cell(self) -> CellFacts:
        """The cell that the row is of."""
        return self.conditions.cell

    @cached_property
    def good(self) -> tuple[RunSummary, ...]:
        """The runs whose numbers may be used."""
        return tuple(run for run in self.runs if run.ok)

    @cached_property
    def identity(self) -> dict[str, str]:
        """What the row is of: framework, image, device and every axis."""
        cell = self.cell
        return {
            "framework": cell.framework,
            "image": cell.image_id,
            "device": cell.device,
            **dict.fromkeys(cell.not_applicable, NOT_APPLICABLE),
            **self.conditions.axes,
        }

    def value(self, name: str) -> str:
        """Return the value of an axis (or framework, image, device), which may not apply."""
        return self.identity.get(name, NOT_APPLICABLE)

    def count(self) -> str:
        """Say how many runs the row has, and how many of them are of no use."""
        failed = len(self.runs) - len(self.good)
        return (
            f"{len(self.runs)} ({failed} not ok)" if failed and self.good else str(len(self.runs))
        )

    def marks(self) -> list[str]:
        """Return what a reader must know before trusting the row."""
        run = self.conditions
        marks = ["quick plan"] if run.cell.quick else []
        if run.epochs and run.steps_per_epoch is not None:
            marks.append(f"epochs cut to {run.steps_per_epoch} steps")
        if not run.pinned:
            marks.append("unpinned environment")
        marks.extend(f"local wheel {wheel}" for wheel in run.wheels)
        marks.extend(self.parity_marks())
        marks.extend(f"audit failed: {name}" for name in self.audit_failures())
        marks.extend(summarize_disturbances([run.disturbances for run in self.good]))
        marks.extend(self.warmup_marks())
        return marks

    def quality(self) -> list[str]:
        """Say how the accuracy and loss that were reached stand to what is known."""
        return describe_quality(self.good)

    def warmup_marks(self) -> list[str]:
        """Say where steps were timed while they still changed."""
        unsettled = sum(not run.settled for run in self.good)
        if not unsettled:
            return []
        some = f"{unsettled} of {len(self.good)} runs with " if len(self.good) > 1 else ""
        return [f"{some}warm-up not settled"]

    @cached_property
    def barred(self) -> str:
        """Why the row may not be ranked: what it measured is not the work; empty if it may."""
        reasons = [mark for mark in self.parity_marks() if mark != PARITY_NOT_RUN]
        reasons += [f"audit failed: {name}" for name in self.audit_failures()]
        return "; ".join(reasons)

    def parity_marks(self) -> list[str]:
        """Say where parity failed, and where nobody looked."""
        runs = [run for run in self.good or self.runs if run.parity != "passed"]
        failed = dict.fromkeys(run.parity_reason for run in runs if run.parity == "failed")
        marks = [f"parity failed: {reason}" for reason in failed]
        return marks or ([PARITY_NOT_RUN] if runs else [])

    def audit_failures(self) -> list[str]:
        """Return the facts of the audit that some run did not pass, as words."""
        names = {name for run in self.good for name in run.audit_failures}
        return sorted(name.replace("_", " ") for name in names)


def pool(runs: Iterable[RunSummary]) -> list[Row]:
    """Return the rows that ``runs`` make, in the order of their first run."""
    rows: dict[str, list[RunSummary]] = {}
    for run in runs:
        rows.setdefault(run.conditions.row_key, []).append(run)
    return [Row(tuple(members)) for members in rows.values()]


def keep_newest(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Keep of each cell the runs of its newest campaign, all rounds of it.

    A campaign that was interrupted before the cell had a result counts only where no other has.
    ``runs`` are oldest first, and so is what is returned.
    """
    newest: dict[str, tuple[bool, str]] = {}
    for run in runs:
        finished, key = run.how not in UNFINISHED, run.conditions.cell_key
        if finished or not newest.get(key, (False, ""))[0]:
            newest[key] = finished, run.campaign
    return [run for run in runs if newest[run.conditions.cell_key][1] == run.campaign]


def differing(rows: Sequence[Row]) -> list[str]:
    """Return the axes (and device) that tell ``rows`` apart, in the order in which they come."""
    names = dict.fromkeys(name for row in rows for name in row.identity)
    return [
        name
        for name in names
        if name not in {"framework", "image"} and len({row.value(name) for row in rows}) > 1
    ]


def shared(rows: Sequence[Row]) -> dict[str, str]:
    """Return the axes (and device) that all of ``rows`` have in common."""
    apart = {"framework", "image", *differing(rows)}
    return {name: value for name, value in rows[0].identity.items() if name not in apart}


def distinguishing_facts(rows: Sequence[Row]) -> list[str]:
    """Return the facts that alone tell some rows apart: they have to be columns."""
    cells: dict[str, list[Row]] = {}
    for row in rows:
        cells.setdefault(row.conditions.cell_key, []).append(row)
    names = rows[0].conditions.facts if rows else {}
    return [
        name
        for name in names
        if any(
            len({row.conditions.facts.get(name) for row in group}) > 1 for group in cells.values()
        )
    ]


def describe_versions(run: Conditions) -> str:
    """Return the versions as found inside, and where they were not asked, as the image states."""
    parts = []
    for name, stated in run.stated.items():
        found = run.found.get(name)
        if found is None:
            parts.append(f"{name} {stated} (stated)")
        elif found == stated or found.startswith(f"{stated}+"):
            parts.append(f"{name} {found}")
        else:
            parts.append(f"{name} {found} (stated {stated})")
    return ", ".join(parts) or "unknown"
