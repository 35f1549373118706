"""The figures of a study: for each place of a table what was published, measured, and is missing.

Ratios and rank orders are within a group: one figure, and of a table with columns one column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from dlbench.compare import measure
from dlbench.correspondence import find_shortfall, judge_bound
from dlbench.metrics import METRICS
from dlbench.published import PublishedRow, match
from dlbench.published import Study as PublishedStudy
from dlbench.reproduction import Place, Reproduction, StudyLine
from dlbench.rows import Row, describe_versions
from dlbench.source_lines import SourceLines
from dlbench.stats import Estimate
from dlbench.studies import SOURCE_LINES, Figure, Study, StudyTable
from dlbench.summary import RunSummary

#: The unit of what is counted.
LINES = "lines"


class Evidence(Struct, frozen=True, kw_only=True):
    """All that the tables of one study are computed from."""

    study: Study
    published: PublishedStudy
    reproduction: Reproduction
    #: By run id.
    runs: Mapping[str, RunSummary]
    source_lines: SourceLines = SourceLines()


class Entry(Struct, frozen=True, kw_only=True):
    """One line's place in a group."""

    line: StudyLine
    published: PublishedRow | None = None
    measured: Estimate | None = None
    #: Why nothing was measured.
    reason: str = ""
    image: str = ""
    marks: tuple[str, ...] = ()
    #: What the plan has left out of the work that was published.
    shortfall: str = ""
    #: Whether what was measured is not the work, and so stands in no ratio or rank.
    barred: bool = False
    runs: tuple[RunSummary, ...] = ()

    @property
    def versions(self) -> str:
        """The versions that were measured, or the image that would have been."""
        if self.runs:
            return describe_versions(self.runs[0].conditions)
        return self.image

    @property
    def stated(self) -> float | None:
        """The published figure in the unit of tables, None where there is no single one."""
        if self.published is None or self.published.number is None:
            return None
        return self.published.number * self.published.kind.factor

    @property
    def pair(self) -> tuple[float, float] | None:
        """The published and the measured figure, None where they are not of the same work."""
        if self.stated is None or self.sound is None or self.shortfall:
            return None
        return self.stated, self.sound

    @property
    def bound(self) -> str:
        """Whether a published upper bound holds, empty where there is nothing to say."""
        if self.published is None or self.published.at_most is None or self.shortfall:
            return ""
        if self.measured is None or self.barred:
            return ""
        return judge_bound(self.published.kind, self.published, self.measured)

    @property
    def sound(self) -> float | None:
        """The measured figure, None where it stands in no ratio or rank."""
        return self.measured.value if self.measured and not self.barred else None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The entries that are held against one another; ``value`` is of the axis across."""

    figure: Figure
    entries: Sequence[Entry]
    value: str = ""
    higher_is_better: bool = False

    @cached_property
    def basis(self) -> Sequence[Entry]:
        """The entries whose best is what ratios are to: those with both figures, if there are two.

        So the ratios of both columns compare; otherwise each column has its own best.
        """
        both = [entry for entry in self.entries if entry.pair]
        return both if len(both) > 1 else self.entries

    @property
    def has_common_basis(self) -> bool:
        """Whether the published and the measured ratios are to the best of the same entries."""
        return self.basis is not self.entries

    @cached_property
    def best_stated(self) -> float | None:
        """The best published figure, None where there are fewer than two."""
        return self._best([entry.stated for entry in self.basis])

    @cached_property
    def best_measured(self) -> float | None:
        """The best measured figure, None where there are fewer than two."""
        return self._best([entry.sound for entry in self.basis])

    def _best(self, numbers: Iterable[float | None]) -> float | None:
        found = [number for number in numbers if number]
        if len(found) < 2:
            return None
        return max(found) if self.higher_is_better else min(found)

    @cached_property
    def pairs(self) -> list[tuple[float, float]]:
        """The published and the measured figure of every entry that has both."""
        return [entry.pair for entry in self.entries if entry.pair]


class FilledTable(Struct, frozen=True, kw_only=True):
    """A table of a study with everything that stands in it."""

    table: StudyTable
    groups: Sequence[Group]
    unit: str

    def list_entries(self) -> list[Entry]:
        """Return the entries of all groups."""
        return [entry for group in self.groups for entry in group.entries]


def fill_tables(evidence: Evidence) -> list[FilledTable]:
    """Return the tables of a study, each figure in its place."""
    return [fill_table(table, evidence) for table in evidence.study.tables]


def fill_table(table: StudyTable, evidence: Evidence) -> FilledTable:
    """Return one table, figure by figure, and column by column where it has columns."""
    groups = []
    for figure in table.figures:
        values = evidence.study.find_values(figure, table.across) if table.across else ("",)
        groups += [fill_group(figure, table.across, value, evidence) for value in values]
    units = {find_unit(figure) for figure in table.figures}
    return FilledTable(table=table, groups=groups, unit=units.pop())


def find_unit(figure: Figure) -> str:
    """Return the unit in which a figure stands in tables."""
    return LINES if figure.metric == SOURCE_LINES else METRICS[figure.metric].unit


def fill_group(figure: Figure, across: str, value: str, evidence: Evidence) -> Group:
    """Return the entries of one figure at one value of the axis across."""
    column = {across: value} if across else {}
    if figure.metric == SOURCE_LINES:
        entries = count_lines(figure, evidence)
        return Group(figure=figure, entries=entries)
    metric = METRICS[figure.metric]
    entries = []
    for line in evidence.reproduction.lines:
        place = evidence.reproduction.find_place(
            line.key, figure.scenario, {**figure.axes, **column}
        )
        if place is not None:
            entries.append(fill_entry(line, place, figure, column, evidence))
    return Group(
        figure=figure, entries=entries, value=value, higher_is_better=metric.higher_is_better
    )


def fill_entry(
    line: StudyLine, place: Place, figure: Figure, column: Mapping[str, str], evidence: Evidence
) -> Entry:
    """Return what was published and measured of one place."""
    axes = {**place.axes, **figure.fixed, **column}
    row = Row(tuple(evidence.runs[run] for run in place.runs)) if place.runs else None
    found = measure(row, METRICS[figure.metric]) if row else None
    reason = "" if found else place.reason or METRICS[figure.metric].missing
    stated = None if line.beyond else find_published(line, figure, axes, evidence.published)
    shortfall = find_shortfall(stated.kind, stated, row) if stated and row else ""
    marks = row.marks() if row else []
    return Entry(
        line=line,
        published=stated,
        shortfall=shortfall,
        measured=found,
        reason=reason,
        image=place.image,
        marks=tuple(dict.fromkeys([*marks, *([shortfall] if shortfall else [])])),
        barred=bool(row and row.barred),
        runs=row.good if row else (),
    )


def find_published(
    line: StudyLine, figure: Figure, axes: Mapping[str, str], published: PublishedStudy
) -> PublishedRow | None:
    """Return what was published of a place: no axis that both state may differ."""
    for row in published.rows:
        stated = {**row.axes, **axes, **line.axes}
        is_here = row.measure == figure.measure and row.scenario in {figure.scenario, ""}
        if is_here and row.has_figure and match(row, line.framework, line.backend, stated):
            return row
    return None


def count_lines(figure: Figure, evidence: Evidence) -> list[Entry]:
    """Return the entries of source lines: one for each framework, backend and image."""
    entries: dict[tuple[str, ...], Entry] = {}
    for line in evidence.reproduction.lines:
        image = evidence.reproduction.find_image(line.key)
        one = evidence.source_lines.find(line.framework, figure.script, image)
        found = Estimate(value=one.lines, low=None, high=None, runs=1) if one else None
        stated = None if line.beyond else find_published(line, figure, {}, evidence.published)
        languages = [one.language] if one else []
        languages += [f"published: {stated.language}"] if stated and stated.language else []
        entry = Entry(
            line=line,
            published=stated,
            measured=found,
            reason="" if one else "no script of this framework is counted",
            image=f"{one.framework}-{one.version}" if one else "",
            marks=tuple(languages),
        )
        entries.setdefault((line.framework, line.backend, entry.image), entry)
    return list(entries.values())
