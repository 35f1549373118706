"""Which runs are meant: terms that users type, matched against summaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from dlbench.errors import UnknownNameError, nearest
from dlbench.index import Unreadable
from dlbench.summary import RunSummary

#: What a term may name, in the order in which it is tried; run ids come last.
KINDS: dict[str, Callable[[RunSummary], str]] = {
    "scenario": lambda run: run.cell.scenario,
    "framework": lambda run: run.cell.framework,
    "image": lambda run: run.cell.image_id,
    "stack": lambda run: run.cell.stack,
    "scenario/framework": lambda run: f"{run.cell.scenario}/{run.cell.framework}",
    "campaign": lambda run: run.campaign,
}
RUN = "run"

#: Shorter beginnings of a run id would match by accident.
SHORTEST_RUN_ID = 4


class Selection(Struct, frozen=True, kw_only=True):
    """Runs that were chosen, oldest first, and the files that could not be used."""

    runs: Sequence[RunSummary]
    unreadable: Sequence[Unreadable] = ()
    #: All calibrations that there are, whatever was chosen: they speak for the runs.
    calibrations: Sequence[RunSummary] = ()
    #: Whether runs were named by their ids, and so exactly these are meant.
    by_run: bool = False


def choose(runs: Sequence[RunSummary], terms: Sequence[str]) -> tuple[list[RunSummary], bool]:
    """Return the runs that ``terms`` mean, and whether runs themselves were named.

    A term names a scenario, framework, image, stack, ``scenario/framework`` or campaign, also as
    a shell pattern, or begins a run id.  Terms of one kind add up, different kinds narrow down;
    runs named by id come on top.  Raises UnknownNameError for a term that names nothing.
    """
    wanted: dict[str, list[str]] = {}
    for term in terms:
        wanted.setdefault(find_kind(runs, term), []).append(term)
    prefixes = tuple(wanted.pop(RUN, ()))

    def is_wanted(run: RunSummary) -> bool:
        if prefixes and run.run_id.startswith(prefixes):
            return True
        if prefixes and not wanted:
            return False
        return all(
            any(fnmatchcase(KINDS[kind](run), pattern) for pattern in patterns)
            for kind, patterns in wanted.items()
        )

    return [run for run in runs if is_wanted(run)], bool(prefixes)


def find_kind(runs: Sequence[RunSummary], term: str) -> str:
    """Return what ``term`` names among ``runs``; raises UnknownNameError for nothing."""
    known: set[str] = set()
    for kind, read in KINDS.items():
        names = {read(run) for run in runs}
        if any(fnmatchcase(name, term) for name in names):
            return kind
        known |= names if kind in {"scenario", "framework", "image"} else set()
    if len(term) >= SHORTEST_RUN_ID and any(run.run_id.startswith(term) for run in runs):
        return RUN
    hint = nearest(term, known) if runs else "there are no records; dlbench run makes some"
    raise UnknownNameError(f"no record matches {term!r}", hint)
