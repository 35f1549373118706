"""Contrast: tables of measured rows beside the published figures of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from dlbench.compare import measurements
from dlbench.correspondence import Pair, describe_order, group_comparable, pair_rows
from dlbench.counterparts import MEASURES, Measure
from dlbench.layout import INTERVAL, quantity
from dlbench.publication import NOT_STATED, describe_claims, list_axes, spell_figure, spell_system
from dlbench.published import PublishedRow, Study
from dlbench.rows import Row, differing, keep_newest, pool
from dlbench.summary import RunSummary
from dlbench.tables import Cell, Column, Missing, Quantity, Table


def set_beside(
    runs: Sequence[RunSummary], study: Study, *, everything: bool = False
) -> list[Table]:
    """Return a table for each scenario, measure and device of ``study`` that ``runs`` measured.

    ``runs`` are oldest first; of each cell the newest campaign counts, or ``everything``.
    """
    tables = []
    for scenario in study.scenarios:
        of_it = [run for run in measurements(runs) if run.cell.scenario == scenario]
        stated = [row for row in study.rows if row.scenario == scenario]
        for digest in dict.fromkeys(run.conditions.digest for run in of_it):
            group = [run for run in of_it if run.conditions.digest == digest]
            rows = pool(group if everything else keep_newest(group))
            tables += lay_out_scenario(study, stated, rows)
    return tables


def lay_out_scenario(
    study: Study, stated: Sequence[PublishedRow], rows: Sequence[Row]
) -> list[Table]:
    """Return the tables of one scenario; ``stated`` is all that is published of it."""
    groups: dict[tuple[str, str], list[PublishedRow]] = {}
    for row in stated:
        if row.kind.counterpart is not None and (row.has_figure or row.order):
            groups.setdefault((row.measure, row.device), []).append(row)
    tables = []
    for (name, device), group in groups.items():
        pairs = pair_rows(MEASURES[name], [row for row in group if row.has_figure], rows)
        words = [row for row in stated if row.measure == name and not row.has_figure]
        notes = [*describe_order(pairs, group), *describe_words(words)]
        tables.append(lay_out_pairs(study, device, pairs, notes))
    if tables:
        beside = {name for name, _ in groups}
        notes = describe_unmeasured(stated)
        notes += describe_words(row for row in stated if row.measure not in beside)
        tables[-1] = replace(tables[-1], notes=(*tables[-1].notes, *notes))
    return tables


def describe_words(rows: Iterable[PublishedRow]) -> list[str]:
    """Return what the source says in words, marked as its own."""
    return [f"source: {claim}" for claim in describe_claims(rows)]


def lay_out_pairs(study: Study, device: str, pairs: Sequence[Pair], notes: Sequence[str]) -> Table:
    """Return the table of one measure on one device."""
    kind = pairs[0].kind
    rows = [pair.row for pair in pairs if pair.row is not None]
    axes = list_shown_axes(pairs, rows)
    groups = [group for group in group_comparable(pairs) if len(group) > 1]
    bests = {id(pair): best for group in groups for pair, best in group}
    unit = kind.table_unit
    columns = (
        Column(name="framework", title="framework"),
        Column(name="image", title="image"),
        *(Column(name=name, title=name) for name in axes),
        Column(name="published", title="published", unit=unit),
        Column(name="measured", title="measured", unit=unit, range=INTERVAL),
        Column(name="ratio", title="measured / published", unit="1"),
        Column(name="published_share", title="published / best", unit="1", spare=1),
        Column(name="measured_share", title="measured / best", unit="1", spare=1),
        Column(name="marks", title="marks", footnotes=True),
    )
    scenario = rows[0].cell.scenario
    where = f" ({device})" if len(study.devices) > 1 else ""
    return Table(
        title=f"{scenario}: {kind.title}, beside {study.id}{where}",
        columns=columns,
        rows=tuple(lay_out_pair(pair, axes, bests.get(id(pair))) for pair in pairs),
        caption=(
            study.title,
            f"source: {study.source}",
            *describe_hardware(study, device, kind, rows),
        ),
        notes=tuple(notes),
    )


def lay_out_pair(
    pair: Pair, axes: Sequence[str], bests: tuple[float, float] | None
) -> tuple[Cell, ...]:
    """Return the cells of one line; ``bests`` are the best figures of either column."""
    row, published = pair.row, pair.published
    none = Missing(reason="none")
    shares: tuple[Cell, Cell] = (none, none)
    if bests is not None:
        shares = (
            Quantity(value=pair.expected / bests[0]),
            Quantity(value=pair.found / bests[1]),
        )
    figure: Cell = Missing(reason=pair.obstacle if pair.figure is None else "none")
    ratio: Cell = Missing(reason=pair.obstacle if pair.figure is not None else "none")
    if pair.figure is not None and not pair.obstacle:
        ratio = Quantity(value=pair.found / pair.expected)
    marks = [
        *(row.marks() if row else []),
        *([published.note] if published and published.note else []),
    ]
    return (
        pair.name,
        row.cell.image_id if row else "none",
        *(row.value(name) if row else published_value(published, name) for name in axes),
        spell_figure(published, pair.kind.factor, pair.kind.table_unit)
        if published
        else Missing(reason="not published"),
        quantity(pair.figure) if pair.figure else figure,
        ratio,
        *shares,
        "; ".join(marks) or "none",
    )


def published_value(published: PublishedRow | None, axis: str) -> str:
    """Return the value of an axis as a source states it."""
    return published.axes.get(axis, NOT_STATED) if published else NOT_STATED


def list_shown_axes(pairs: Sequence[Pair], rows: Sequence[Row]) -> list[str]:
    """Return the axes that tell lines apart: what sources state, and what was varied."""
    stated = list_axes(pair.published for pair in pairs if pair.published is not None)
    varied = [name for name in differing(rows) if name != "backend"]
    return list(dict.fromkeys([*stated, *varied]))


def describe_hardware(study: Study, device: str, kind: Measure, rows: Sequence[Row]) -> list[str]:
    """Say on what was published and on what was measured, and what that does to a ratio."""
    system = study.systems.get(device, study.system)
    with_what = f", {spell_system(system.items())}" if system else ""
    machines = dict.fromkeys(describe_machine(row) for row in rows)
    gpus = {row.conditions.facts.get("GPU", "none") for row in rows}
    is_same = bool(device) and all(gpu != "none" and gpu in device for gpu in gpus)
    lines = [
        f"published: on {device or 'hardware that the source does not state'}{with_what}",
        f"measured: on {'; '.join(machines)}",
    ]
    is_speed = kind.counterpart is not None and kind.counterpart.is_speed
    if is_speed and not is_same:
        lines.append(
            "the hardware is not the same: measured / published compares machines and versions "
            "too; compare the two columns that are by their best"
        )
    return lines


def describe_machine(row: Row) -> str:
    """Return the processor and the devices that a row was measured on."""
    facts = row.conditions.facts
    gpu = facts.get("GPU", "none")
    where = f"{facts.get('CPUs', 'unknown')} CPUs of {facts.get('CPU', 'unknown')}"
    return where if gpu == "none" else f"{gpu}, {where}"


def describe_unmeasured(stated: Sequence[PublishedRow]) -> list[str]:
    """Say which published measures no run can stand beside, and why."""
    reasons: dict[str, list[str]] = {}
    for row in stated:
        titles = reasons.setdefault(row.kind.reason, [])
        if row.kind.reason and row.kind.title not in titles:
            titles.append(row.kind.title)
    return [
        f"published and not compared: {', '.join(titles)}: {reason}"
        for reason, titles in reasons.items()
        if reason
    ]
