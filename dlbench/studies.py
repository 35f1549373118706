"""Studies: which cells a published comparison is reproduced by, and how its tables look.

A study names work (scenarios with the axes that are swept), rows (frameworks with their own axes),
and tables of figures.  Every row does all of the work.  A table lists its figures one below the
other, or with ``across`` has a column for each value of one axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dlbench.document import spell
from dlbench.errors import ScenarioError, UnknownNameError, nearest
from dlbench.metrics import METRICS
from dlbench.yaml_file import parse

#: Version of the study file format.  1: first.
FORMAT = 1

#: Files beside the studies that are none.
OTHER_FILES = frozenset({"published", "source_lines"})

#: The metric that no run measures: lines of a hand-written script.
SOURCE_LINES = "source_lines"


class Work(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario, and the values of its axes: every combination is executed."""

    scenario: str
    axes: dict[str, tuple[str, ...]] = {}

    def combinations(self) -> Iterator[dict[str, str]]:
        """Yield every combination of the axes' values."""
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))


class StudyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A framework with axes of its own, as the study has it; ``beyond``: the study has it not."""

    title: str
    framework: str
    #: The version, and the stack, that stand for the one compared then; the newest where not named.
    version: str = ""
    stack: str = ""
    #: The versions that were compared then.
    original: str = ""
    axes: dict[str, str] = {}
    #: The scenarios that it takes part in; all where none is named.
    scenarios: tuple[str, ...] = ()
    beyond: bool = False


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number a row: a metric of a scenario, and the published measure it stands beside."""

    title: str
    metric: str
    measure: str
    scenario: str = ""
    #: Which combination of the work's axes is meant.
    axes: dict[str, str] = {}
    #: What the scenario has fixed, and the published rows state as an axis.
    fixed: dict[str, str] = {}
    #: Of ``source_lines``: which script of each framework is counted.
    script: str = ""


class StudyTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of one unit; with ``across`` a column for each value of that axis."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    across: str = ""


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study as its file states it."""

    format: int
    name: str
    title: str
    summary: str
    #: The published study whose numbers stand beside the measured ones.
    published: str
    work: tuple[Work, ...]
    rows: tuple[StudyRow, ...]
    tables: tuple[StudyTable, ...]
    notes: tuple[str, ...] = ()
    #: The file it was read from, for messages.
    file: str = ""

    def find_values(self, figure: Figure, axis: str) -> tuple[str, ...]:
        """Return the values that ``axis`` has in the work that ``figure`` is of."""
        return next(
            (work.axes.get(axis, ()) for work in self.work if work.scenario == figure.scenario), ()
        )


def names(folders: Iterable[Path]) -> dict[str, Path]:
    """Return every study in ``folders`` by name, sorted; the first folder that has it wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in folder.glob("*.yaml"):
            if path.stem not in OTHER_FILES:
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def load(name: str, folders: Iterable[Path]) -> Study:
    """Return study ``name``; raises UnknownNameError, or ScenarioError for a file that is wrong."""
    known = names(folders)
    if name not in known:
        raise UnknownNameError(f"unknown study {name!r}", nearest(name, known))
    return read(known[name])


def read(path: Path) -> Study:
    """Return the study in a file; raises ScenarioError where it cannot be used."""
    hint = f"mend it, then: dlbench reproduce {path.stem} --dry-run"
    document = parse(path)
    try:
        study = msgspec.convert(spell_axes(document) | {"file": str(path)}, Study)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {error}", hint) from None
    problems = list(find_problems(study))
    if problems:
        raise ScenarioError("\n".join(f"{path}: {problem}" for problem in problems), hint)
    return study


def spell_axes(node: Any) -> Any:
    """Return a document with the values of axes as users type them, and texts on one line."""
    if isinstance(node, list):
        return [spell_axes(item) for item in node]
    if isinstance(node, str):
        return " ".join(node.split())
    if not isinstance(node, dict):
        return node
    return {
        key: {name: spell_values(value) for name, value in item.items()}
        if key in {"axes", "fixed"} and isinstance(item, dict)
        else spell_axes(item)
        for key, item in node.items()
    }


def spell_values(value: Any) -> Any:
    """Return one value of an axis, or a list of them, as text."""
    return [spell(item) for item in value] if isinstance(value, list) else spell(value)


def find_problems(study: Study) -> Iterator[str]:
    """Yield what is wrong with a study beyond its form."""
    if study.format != FORMAT:
        yield f"format: {study.format}, this dlbench reads {FORMAT}"
    works = {work.scenario: work for work in study.work}
    for work in study.work:
        if not all(work.axes.values()):
            yield f"work: {work.scenario}: an axis has no values; write [1, 2]"
    for table in study.tables:
        for figure in table.figures:
            where = f"table {table.name}: {figure.title}: "
            yield from (where + problem for problem in check_figure(figure, table, works))


def check_figure(figure: Figure, table: StudyTable, works: Mapping[str, Work]) -> Iterator[str]:
    """Yield what is wrong with one figure."""
    if figure.metric == SOURCE_LINES:
        if not figure.script:
            yield "source_lines needs a script"
        return
    if figure.metric not in METRICS:
        yield f"unknown metric {figure.metric!r}; {nearest(figure.metric, METRICS)}"
    if figure.scenario in works:
        yield from check_axes(figure, table.across, works[figure.scenario])
    else:
        yield f"scenario {figure.scenario!r} is no work of this study"


def check_axes(figure: Figure, across: str, work: Work) -> Iterator[str]:
    """Yield why a figure is not of exactly one combination of the work's axes in each column."""
    if across and across not in work.axes:
        yield f"{work.scenario} has no axis {across!r} here"
    for name in work.axes.keys() - figure.axes.keys() - {across}:
        if len(work.axes[name]) > 1:
            yield f"which value of {name}? name one in axes"
    for name, value in figure.axes.items():
        if value not in work.axes.get(name, ()):
            yield f"{name}={value} is not executed"
