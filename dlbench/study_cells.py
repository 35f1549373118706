"""From a study to its cells: which line is executed on what, and why others cannot be had."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dlbench.axes import FrameworkChoice, parse_framework
from dlbench.catalog import Catalog
from dlbench.cells import Cell, RefusedCell, Request, check_device, check_stack, expand
from dlbench.errors import DlbenchError
from dlbench.reproduction import StudyLine
from dlbench.studies import Study, StudyRow, Work


class Asked(Struct, frozen=True, kw_only=True):
    """What a command line says of a whole study."""

    #: Written ``name[==version][:axis=value,...]``; all rows of the study where there is none.
    frameworks: tuple[str, ...] = ()
    stack: str | None = None
    device: str = "cpu"
    quick: bool = False


class Wanted(Struct, frozen=True, kw_only=True):
    """A framework that was asked for, with one value for each axis that was named."""

    framework: str
    version: str | None = None
    axes: Mapping[str, str] = {}


class PlannedPlace(Struct, frozen=True, kw_only=True):
    """One cell of the study, or why it cannot be had."""

    line: StudyLine
    scenario: str
    #: The work's axes.
    axes: Mapping[str, str]
    cell: Cell | None = None
    reason: str = ""


def choose_lines(study: Study, asked: Asked) -> list[tuple[StudyLine, StudyRow]]:
    """Return the lines that are wanted, each with its row, in the study's order.

    An axis after the colon narrows the rows that have it, and is added to the others.  A stack
    that is asked for decides on versions, and not the rows.  What fits no row of the study gets a
    line of its own.  Raises UsageError.
    """
    choices = [one for text in asked.frameworks for one in split_choice(parse_framework(text))]
    if not asked.frameworks:
        names = dict.fromkeys(row.framework for row in study.rows)
        choices = [Wanted(framework=name) for name in names]
    chosen = [(choice, choose_rows(study, choice)) for choice in choices]
    places = {id(row): place for place, row in enumerate(study.rows)}
    found = [(row, choice) for choice, rows in chosen for row in rows]
    found.sort(key=lambda pair: places.get(id(pair[0]), len(places)))
    lines: dict[str, tuple[StudyLine, StudyRow]] = {}
    for row, choice in found:
        version = choice.version or (None if asked.stack else row.version or None)
        line = make_line(row, replace(choice, version=version))
        lines.setdefault(line.key, (line, row))
    return list(lines.values())


def choose_rows(study: Study, choice: Wanted) -> list[StudyRow]:
    """Return the rows that a choice means: those of its version, or else all of its framework.

    Where the study has none, the choice is a row of its own.
    """
    rows = [row for row in study.rows if fits(row, choice)]
    exact = [row for row in rows if choice.version == row.version]
    own = StudyRow(title=choice.framework, framework=choice.framework, beyond=True)
    return (exact if choice.version and exact else rows) or [own]


def split_choice(choice: FrameworkChoice) -> Iterator[Wanted]:
    """Yield a framework as it was typed once for every combination of its axes' values."""
    for values in itertools.product(*choice.axes.values()):
        axes = dict(zip(choice.axes, values, strict=True))
        yield Wanted(framework=choice.name, version=choice.version, axes=axes)


def fits(row: StudyRow, choice: Wanted) -> bool:
    """Return whether ``row`` has the framework, and no other value of an axis."""
    alike = (row.axes.get(name, value) == value for name, value in choice.axes.items())
    return row.framework == choice.framework and all(alike)


def make_line(row: StudyRow, choice: Wanted) -> StudyLine:
    """Return ``row`` with the version and the axes that were asked for."""
    axes = {**row.axes, **choice.axes}
    return StudyLine(
        key=spell_line(row.framework, choice.version, axes),
        title=row.title,
        framework=row.framework,
        axes=axes,
        original=row.original,
        beyond=row.beyond,
    )


def spell_line(framework: str, version: str | None, axes: Mapping[str, str]) -> str:
    """Return a framework with version and axes as a command line names it."""
    text = f"{framework}=={version}" if version else framework
    return text + (":" + ",".join(f"{n}={v}" for n, v in axes.items()) if axes else "")


def plan_places(
    study: Study, asked: Asked, catalog: Catalog, folders: Iterable[Path]
) -> list[PlannedPlace]:
    """Return every place of the lines that are wanted, line by line.

    Raises UnknownNameError for a framework that neither the study nor the catalog has, and for
    anything else that the command line names and there is not.
    """
    if asked.stack is not None:
        check_stack(asked.stack, catalog)
    check_device(asked.device, catalog)
    folders = tuple(folders)
    known = {row.framework for row in study.rows}
    places = []
    for line, row in choose_lines(study, asked):
        if line.framework not in known:
            catalog.find(line.framework)
        version = None if asked.stack else row.version or None
        is_own = line.key == spell_line(row.framework, version, row.axes)
        here = replace(asked, stack=asked.stack or (row.stack if is_own else "") or None)
        for work in study.work:
            if not row.scenarios or work.scenario in row.scenarios:
                places += plan_work(line, work, here, (catalog, folders), is_own=is_own)
    return places


def plan_work(
    line: StudyLine,
    work: Work,
    asked: Asked,
    known: tuple[Catalog, tuple[Path, ...]],
    *,
    is_own: bool,
) -> list[PlannedPlace]:
    """Return the places of one scenario on one line; one that cannot be had says why.

    ``known`` are the catalog and the folders of scenarios.  Raises DlbenchError for what the
    command line has added to a line that is not the study's own.
    """
    combinations = list(work.combinations())
    try:
        found = expand_work(line, work, asked, *known)
    except DlbenchError as error:
        absent = line.framework not in known[0].frameworks
        if not (is_own or absent):
            raise
        disputed = line.framework in (known[0].disputed or {})
        reason = f"no plugin for {line.framework} is installed"
        return [
            PlannedPlace(
                line=line,
                scenario=work.scenario,
                axes=axes,
                reason=reason if absent and not disputed else error.message,
            )
            for axes in combinations
        ]
    return [pick_place(line, work, axes, found) for axes in combinations]


def expand_work(
    line: StudyLine, work: Work, asked: Asked, catalog: Catalog, folders: tuple[Path, ...]
) -> list[Cell | RefusedCell]:
    """Return the cells of one scenario on one line; raises DlbenchError where none is known."""
    request = Request(
        scenarios=(work.scenario,),
        frameworks=(line.key,),
        stack=asked.stack,
        device=asked.device,
        axes=tuple(f"{name}={','.join(values)}" for name, values in work.axes.items()),
        quick=asked.quick,
    )
    return expand(request, catalog, folders)


def pick_place(
    line: StudyLine, work: Work, axes: Mapping[str, str], found: Sequence[Cell | RefusedCell]
) -> PlannedPlace:
    """Return the place whose cell has these values of the work's axes."""
    for one in found:
        cell = one.cell if isinstance(one, RefusedCell) else one
        if axes.items() <= cell.variant.items():
            reason = one.reason if isinstance(one, RefusedCell) else ""
            return PlannedPlace(
                line=line, scenario=work.scenario, axes=axes, cell=cell, reason=reason
            )
    return PlannedPlace(
        line=line,
        scenario=work.scenario,
        axes=axes,
        reason=f"{line.framework} does not have all of these axes",
    )
