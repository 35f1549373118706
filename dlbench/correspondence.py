"""Correspondence: which measured rows are of the same work as published figures.

Hardware and versions are never those of the source, so a ratio of measured to published says as
much about machines as about frameworks.  What can be held against a source is its order: the
figures of one column, each by the best of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from dlbench.baseline import work_of
from dlbench.compare import measure
from dlbench.counterparts import Measure
from dlbench.layout import explain
from dlbench.metrics import Metric
from dlbench.publication import NOT_STATED
from dlbench.published import PublishedRow, match, spearman
from dlbench.rows import NOT_APPLICABLE, Row
from dlbench.stats import Estimate


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A published row and a measured one of the same work; where one is None it has no other."""

    kind: Measure
    published: PublishedRow | None = None
    row: Row | None = None
    #: What was measured, in the unit of tables.
    figure: Estimate | None = None
    #: Why the two cannot be divided, empty where they can.
    obstacle: str = ""

    @property
    def name(self) -> str:
        """The framework with its backend."""
        if self.published is not None:
            return self.published.name
        return name_row(self.row) if self.row is not None else NOT_STATED

    @property
    def expected(self) -> float:
        """The published number in the unit of tables; only where there is no obstacle."""
        number = self.published.number if self.published else None
        return (number or 0.0) * self.kind.factor

    @property
    def found(self) -> float:
        """The measured number; only where there is no obstacle."""
        return self.figure.value if self.figure else 0.0


def name_row(row: Row) -> str:
    """Return the framework of a measured row with its backend, as published rows name it."""
    backend = read_backend(row)
    return f"{row.cell.framework}/{backend}" if backend else row.cell.framework


def read_backend(row: Row) -> str:
    """Return the backend of a measured row, empty where it has none."""
    backend = row.value("backend")
    return "" if backend == NOT_APPLICABLE else backend


def pair_rows(kind: Measure, published: Sequence[PublishedRow], rows: Sequence[Row]) -> list[Pair]:
    """Return every published row with what was measured of it, then what is not published."""
    metric = kind.counterpart
    if metric is None:
        return [Pair(kind=kind, published=one, obstacle=kind.reason) for one in published]
    pairs: list[Pair] = []
    for one in published:
        found = [
            row
            for row in rows
            if match(one, row.cell.framework, read_backend(row), row.conditions.axes)
        ]
        pairs += [make_pair(kind, metric, one, row) for row in found]
        if not found:
            pairs.append(Pair(kind=kind, published=one, obstacle="not measured"))
    paired = {id(pair.row) for pair in pairs}
    return pairs + [make_pair(kind, metric, None, row) for row in rows if id(row) not in paired]


def make_pair(kind: Measure, metric: Metric, published: PublishedRow | None, row: Row) -> Pair:
    """Return a measured row with what is published of it, and what keeps the two apart."""
    figure = measure(row, metric)
    if figure is None:
        obstacle = explain(row, metric)
    elif published is None:
        obstacle = "not published"
    elif published.number is None:
        obstacle = judge_bound(kind, published, figure)
    elif row.barred:
        obstacle = "barred"
    else:
        obstacle = find_shortfall(kind, published, row)
    return Pair(kind=kind, published=published, row=row, figure=figure, obstacle=obstacle)


def judge_bound(kind: Measure, published: PublishedRow, figure: Estimate) -> str:
    """Say whether a published upper bound holds, or why there is no figure."""
    if published.at_most is None:
        return published.missing
    is_kept = figure.value <= published.at_most * kind.factor
    return "within the bound" if is_kept else "above the bound"


def find_shortfall(kind: Measure, published: PublishedRow, row: Row) -> str:
    """Say what a plan left out of the work that the figure is of, empty where nothing."""
    ran = row.conditions
    if kind.metric in {"epoch", "train"} and ran.epochs and ran.steps_per_epoch is not None:
        return f"epochs cut to {ran.steps_per_epoch} steps"
    if kind.is_of_training and published.epochs not in {None, ran.epochs}:
        return f"after {ran.epochs} epochs, published after {published.epochs}"
    return ""


def group_comparable(pairs: Iterable[Pair]) -> list[list[tuple[Pair, tuple[float, float]]]]:
    """Return the pairs without an obstacle, by the work that the source leaves open.

    Each is beside the best published and the best measured figure of its group.
    """
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.row is not None and pair.published is not None and not pair.obstacle:
            groups.setdefault(describe_open_work(pair.published, pair.row), []).append(pair)
    return [[(pair, find_bests(group)) for pair in group] for group in groups.values()]


def find_bests(group: Sequence[Pair]) -> tuple[float, float]:
    """Return the best published and the best measured figure."""
    best = max if group[0].kind.higher_is_better else min
    return best(pair.expected for pair in group), best(pair.found for pair in group)


def describe_open_work(published: PublishedRow, row: Row) -> str:
    """Return a text that is equal for rows of which the same was asked, beyond what is stated."""
    parameters, batch_size, *others = work_of(row)
    left = {
        name: value
        for name, value in (parameters.items() if isinstance(parameters, Mapping) else ())
        if name not in published.axes
    }
    return repr((left, "batch_size" not in published.axes and batch_size, others))


def describe_order(pairs: Sequence[Pair], published: Sequence[PublishedRow]) -> list[str]:
    """Say whether the measured order is the published one, of figures and of orders in words."""
    notes = []
    for group in group_comparable(pairs):
        if len(group) > 1:
            expected, found = zip(*((pair.expected, pair.found) for pair, _ in group), strict=True)
            notes.append(f"order of {len(group)} figures: {compare_order(expected, found)}")
    for row in published:
        if row.order:
            notes += describe_stated_order(row, pairs)
    return notes


def describe_stated_order(row: PublishedRow, pairs: Sequence[Pair]) -> list[str]:
    """Say whether the order that a source gives in words was measured too."""
    found = {pair.name: pair.found for pair in pairs if pair.figure is not None}
    places = [(place, found[name]) for place, name in enumerate(row.order) if name in found]
    if len(places) < 2:
        return []
    if row.kind.higher_is_better:
        places = [(place, -value) for place, value in places]
    return [f"stated order of {len(places)}: {compare_order(*zip(*places, strict=True))}"]


def compare_order(expected: Sequence[float], found: Sequence[float]) -> str:
    """Say whether two orders agree: no two that the source tells apart are the other way round."""
    told = [
        (expected[one] - expected[other]) * (found[one] - found[other])
        for one, other in combinations(range(len(expected)), 2)
        if expected[one] != expected[other]
    ]
    coefficient = spearman(expected, found)
    if coefficient is None:
        return "nothing to say, all figures of one side are equal"
    swapped = sum(product < 0 for product in told)
    words = "agreed" if not swapped else f"not agreed, {swapped} of {len(told)} pairs are swapped"
    return f"{words} (Spearman {coefficient:.2f})"
