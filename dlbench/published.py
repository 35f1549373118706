"""Published measurements: what others have measured, with what and where, as facts.

They come from ``published.yaml`` in the folders of studies; docs/studies.md describes the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from dlbench.counterparts import MEASURES, Measure
from dlbench.document import spell
from dlbench.errors import ScenarioError, UnknownNameError, nearest
from dlbench.yaml_file import parse

#: The name of the file in each folder of studies.
FILE = "published.yaml"

#: Version of its format.  1: first.
FORMAT = 1

#: What to do where the file is wrong.
HINT = "docs/studies.md describes the file"

#: What stands in place of a figure that a source does not give.
NO_FIGURE = "no figure"

#: A figure, a text that says why there is none, or nothing.
Figure: TypeAlias = float | str | None


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a source about one framework, or about several in ``order`` or ``claim``.

    Exactly one of ``value``, ``range``, ``at_most`` and ``missing`` is given, or else ``order``,
    ``claim`` or both.  Figures are in the unit of the measure.
    """

    measure: str
    #: Empty where it is about no scenario, or about no single framework.
    scenario: str = ""
    framework: str = ""
    backend: str = ""
    #: Axes that the source states, and their values; it says nothing of others.
    axes: Mapping[str, str] = {}
    #: What it was measured on, empty where the source does not say.
    device: str = ""
    value: float | None = None
    range: tuple[float, float] | None = None
    at_most: float | None = None
    #: Why there is no figure.
    missing: str = ""
    #: Names as ``name`` has them, the best first.
    order: tuple[str, ...] = ()
    claim: str = ""
    #: Items that the figure is for, and epochs after which it was taken; None: not stated.
    items: int | None = None
    epochs: int | None = None
    #: The programming language, of source lines.
    language: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """The framework with its backend."""
        return f"{self.framework}/{self.backend}" if self.backend else self.framework

    @property
    def kind(self) -> Measure:
        """What the row is a measure of."""
        return MEASURES[self.measure]

    @property
    def unit(self) -> str:
        """The unit of the row's figures."""
        return self.kind.unit

    @property
    def number(self) -> float | None:
        """The figure to divide by: the value, or the middle of the range; None without any."""
        return sum(self.range) / 2 if self.range else self.value

    @property
    def has_figure(self) -> bool:
        """Whether it is a row of a table, rather than something said in words."""
        return not (self.claim or self.order)


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What one source has published."""

    id: str
    title: str
    source: str
    rows: tuple[PublishedRow, ...]
    #: What it was measured on, empty where the source does not say or there are several.
    device: str = ""
    #: Software, and what else is known of it.
    system: Mapping[str, str] = {}
    #: The same for each device, where there are several.
    systems: Mapping[str, Mapping[str, str]] = {}
    note: str = ""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that the study has something to say about, in the order of its rows."""
        return tuple(dict.fromkeys(row.scenario for row in self.rows if row.scenario))

    @property
    def devices(self) -> tuple[str, ...]:
        """What it was measured on, none where the source does not say."""
        return tuple(dict.fromkeys(row.device for row in self.rows if row.device))


class Published(msgspec.Struct, frozen=True):
    """Every study of which published measurements are known, in the order of the files."""

    studies: tuple[Study, ...]

    def study(self, name: str) -> Study:
        """Return the study whose id is ``name``; raises UnknownNameError."""
        known = {study.id: study for study in self.studies}
        if name not in known:
            raise UnknownNameError(
                f"nothing is known to be published as {name!r}", nearest(name, known)
            )
        return known[name]


def match(row: PublishedRow, framework: str, backend: str, axes: Mapping[str, str]) -> bool:
    """Return whether a cell is of what ``row`` is of, as far as the source states it.

    ``axes`` are those of the cell, the scenario's parameters too.  The scenario is for the caller
    to compare: a row may be about none.
    """
    if framework != row.framework or (row.backend and backend != row.backend):
        return False
    return all(axes.get(name) == value for name, value in row.axes.items())


def spearman(published: Sequence[float], measured: Sequence[float]) -> float | None:
    """Return Spearman's coefficient of rank correlation, -1 to 1, of figures in pairs.

    None where it says nothing: of fewer than two pairs, or where all figures of one side are equal.
    """
    if min(len(set(published)), len(set(measured))) < 2:
        return None
    # scipy.stats takes a second to import.
    from scipy.stats import spearmanr

    return float(spearmanr(published, measured).statistic)


class _Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device of a study that has several."""

    name: str
    system: dict[str, str] = {}
    note: str = ""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row as the file has it: of several frameworks or devices at once."""

    framework: str | list[str] = ""
    scenario: str = ""
    measure: str = ""
    axes: dict[str, str | bool | int | float] = {}
    value: Figure | msgspec.UnsetType = msgspec.UNSET
    values: dict[str, Figure] = {}
    range: tuple[float, float] | None = None
    at_most: float | None = None
    order: tuple[str, ...] = ()
    claim: str = ""
    items: int | None = None
    epochs: int | None = None
    language: str = ""
    note: str = ""


class _Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study as the file has it; some fields are those of every row that has none."""

    id: str
    title: str
    source: str
    rows: tuple[_Row, ...]
    device: str = ""
    system: dict[str, str] = {}
    devices: dict[str, _Device] = {}
    note: str = ""
    scenario: str = ""
    measure: str = ""
    axes: dict[str, str | bool | int | float] = {}
    epochs: int | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    studies: tuple[_Study, ...]


def load(folders: Iterable[Path]) -> Published:
    """Read what is published from every folder that has the file; the first with an id wins.

    Raises ScenarioError with everything that is wrong with a file.
    """
    studies: dict[str, Study] = {}
    for folder in folders:
        path = folder / FILE
        for study in read_file(path) if path.is_file() else ():
            studies.setdefault(study.id, study)
    return Published(tuple(studies.values()))


def read_file(path: Path) -> list[Study]:
    """Return the studies in one file; raises ScenarioError."""
    try:
        document = parse(path)
    except ScenarioError as error:
        raise ScenarioError(error.message, HINT) from error
    found = document.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ScenarioError(
            f"{path}: format: {found} is newer than this dlbench reads ({FORMAT})", "update dlbench"
        )
    try:
        content = msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {error}", HINT) from error
    problems = [line for study in content.studies for line in find_problems(study)]
    if problems:
        raise ScenarioError("\n".join(f"{path}: {line}" for line in problems), HINT)
    return [build_study(study) for study in content.studies]


def find_problems(study: _Study) -> Iterator[str]:
    """Yield what is wrong with the rows of a study beyond their form."""
    for number, row in enumerate(study.rows, start=1):
        place = f"{study.id}: row {number}"
        measure = row.measure or study.measure
        if measure not in MEASURES:
            yield f"{place}: unknown measure {measure!r}; {nearest(measure, MEASURES)}"
        unknown = [name for name in row.values if name not in study.devices]
        for name in unknown:
            yield f"{place}: no device {name!r} in this study; {nearest(name, study.devices)}"
        figures = (row.value is not msgspec.UNSET) + bool(row.values)
        figures += (row.range is not None) + (row.at_most is not None)
        if figures != (0 if row.order or row.claim else 1):
            yield f"{place}: give one of value, values, range, at_most, or order, claim or both"
        if figures and not row.framework:
            yield f"{place}: a figure needs a framework"


def build_study(study: _Study) -> Study:
    """Return a study with a row for each framework and device."""
    return Study(
        id=study.id,
        title=study.title,
        source=study.source,
        rows=tuple(each for row in study.rows for each in expand_row(row, study)),
        device=study.device,
        system=study.system,
        systems={
            device.name: device.system | ({"note": device.note} if device.note else {})
            for device in study.devices.values()
        },
        note=study.note,
    )


def expand_row(row: _Row, study: _Study) -> Iterator[PublishedRow]:
    """Yield a row for each framework and device that ``row`` is about."""
    names = row.framework if isinstance(row.framework, list) else [row.framework]
    stated: dict[str, Any] = {
        "measure": row.measure or study.measure,
        "scenario": row.scenario or study.scenario,
        "axes": {name: spell(value) for name, value in (study.axes | row.axes).items()},
        "range": row.range,
        "at_most": row.at_most,
        "order": row.order,
        "claim": row.claim,
        "items": row.items,
        "epochs": study.epochs if row.epochs is None else row.epochs,
        "language": row.language,
        "note": row.note,
    }
    for name in names:
        framework, _, backend = name.partition("/")
        for device, figure in find_figures(row, study):
            yield PublishedRow(
                framework=framework, backend=backend, device=device, **stated, **figure
            )


def find_figures(row: _Row, study: _Study) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each device that ``row`` has something for, with the fields of its figure."""
    for key, figure in row.values.items():
        yield study.devices[key].name, read_figure(figure)
    if not row.values:
        value = {} if row.value is msgspec.UNSET else read_figure(row.value)
        yield study.device, value


def read_figure(figure: Figure) -> dict[str, Any]:
    """Return the fields of a row for what a file has in place of a figure."""
    if isinstance(figure, float | int):
        return {"value": float(figure)}
    return {"missing": figure or NO_FIGURE}
