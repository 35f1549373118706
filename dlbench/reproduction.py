"""Reproductions: what became of each place of a study's tables, as a file beside its report.

With the records that it names, every table of the report can be computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from dlbench.errors import StoreError

#: Version of the file's format.  1: first.
FORMAT = 1

#: The name of the file in the folder of a report.
NAME = "reproduction.json"


class StudyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the study as it was asked for; ``key`` is how a command line names it."""

    key: str
    title: str
    framework: str
    axes: dict[str, str] = {}
    #: The versions that were compared then, where the study states them.
    original: str = ""
    #: Whether the study itself has no such row.
    beyond: bool = False

    @property
    def backend(self) -> str:
        """What the framework runs on, empty where it is not one that has a choice."""
        return self.axes.get("backend", "")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the study: the runs that measured it, or why there are none."""

    line: str
    scenario: str
    #: The work's axes.
    axes: dict[str, str] = {}
    image: str = ""
    runs: tuple[str, ...] = ()
    reason: str = ""


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """A study as it was executed."""

    format: int
    study: str
    #: How the same is asked for on a command line.
    command: str
    quick: bool
    lines: tuple[StudyLine, ...]
    places: tuple[Place, ...]

    def find_place(self, line: str, scenario: str, axes: Mapping[str, str]) -> Place | None:
        """Return the place of a line's cell; ``axes`` needs to name only what tells it apart."""
        for place in self.places:
            if (place.line, place.scenario) == (line, scenario) and axes.items() <= (
                place.axes.items()
            ):
                return place
        return None

    def find_image(self, line: str) -> str:
        """Return the image that a line has, empty where it has none."""
        return next(
            (place.image for place in self.places if place.line == line and place.image), ""
        )

    def list_runs(self) -> list[str]:
        """Return the ids of all runs, each once, in the order of the places."""
        return list(dict.fromkeys(run for place in self.places for run in place.runs))


def encode(reproduction: Reproduction) -> bytes:
    """Return the bytes of the file: JSON, its keys in the order of the type."""
    return msgspec.json.format(msgspec.json.encode(reproduction), indent=1) + b"\n"


def read(path: Path) -> Reproduction:
    """Return the reproduction in a file; raises StoreError where it cannot be used."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Reproduction)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"{path}: {error}", "dlbench reproduce STUDY writes it anew") from None
    if found.format != FORMAT:
        raise StoreError(
            f"{path}: format {found.format}, this dlbench reads {FORMAT}",
            "dlbench reproduce STUDY writes it anew",
        )
    return found
