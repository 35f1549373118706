"""A publication: how a published study is shown, figures as its source gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dlbench.counterparts import MEASURES
from dlbench.published import PublishedRow, Study
from dlbench.tables import Cell, Column, Missing, Quantity, Table

NOT_STATED = "not stated"


def describe_study(study: Study) -> Iterator[str]:
    """Yield a line for each thing that is to be known before the figures."""
    yield f"{study.id}: {study.title}"
    yield f"source: {study.source}"
    yield f"device: {', '.join(study.devices) or NOT_STATED}"
    if study.system:
        yield f"system: {spell_system(study.system.items())}"
    for device, system in study.systems.items():
        if system:
            yield f"system of {device}: {spell_system(system.items())}"
    if study.note:
        yield f"note: {study.note}"


def spell_system(system: Iterable[tuple[str, str]]) -> str:
    """Return software and versions in one line."""
    return ", ".join(f"{name} {version}" for name, version in system)


def lay_out_figures(study: Study) -> list[Table]:
    """Return a table of figures for each scenario and measure, in the order of the rows."""
    groups: dict[tuple[str, str], list[PublishedRow]] = {}
    for row in study.rows:
        if row.has_figure:
            groups.setdefault((row.scenario, row.measure), []).append(row)
    return [lay_out_measure(study, group) for group in groups.values()]


def lay_out_measure(study: Study, rows: Sequence[PublishedRow]) -> Table:
    """Return the table of one measure: a line a framework, a column a device."""
    kind, axes = rows[0].kind, list_axes(rows)
    devices = list(dict.fromkeys(row.device for row in rows))
    lines: dict[tuple[str, ...], dict[str, PublishedRow]] = {}
    for row in rows:
        stub = (row.name, *(row.axes.get(name, NOT_STATED) for name in axes))
        own = (row.language or NOT_STATED, row.note or "none")
        lines.setdefault((*stub, *own), {})[row.device] = row
    shown = (any(row.language for row in rows), any(row.note for row in rows))
    columns = [
        Column(name="framework", title="framework"),
        *(Column(name=name, title=name) for name in axes),
        *(
            Column(
                name=device if len(devices) > 1 else kind.name,
                title=device if len(devices) > 1 else kind.title,
                unit=kind.unit,
                exact=True,
            )
            for device in devices
        ),
        *(
            Column(name=name, title=name)
            for name, is_shown in zip(("language", "note"), shown, strict=True)
            if is_shown
        ),
    ]
    body = [
        (
            *stub[:-2],
            *(spell_figure(found.get(device)) for device in devices),
            *(text for text, is_shown in zip(stub[-2:], shown, strict=True) if is_shown),
        )
        for stub, found in lines.items()
    ]
    work = rows[0].scenario or study.id
    return Table(title=f"{work}: {kind.title}", columns=tuple(columns), rows=tuple(body))


def list_axes(rows: Iterable[PublishedRow]) -> list[str]:
    """Return the axes that some of ``rows`` state, in the order in which they come."""
    return list(dict.fromkeys(name for row in rows for name in row.axes))


def spell_figure(row: PublishedRow | None, factor: float = 1.0, unit: str = "") -> Cell:
    """Return a figure as a cell, times ``factor``; ``unit`` is for what is no plain number."""
    if row is None:
        return Missing(reason=NOT_STATED)
    if row.value is not None:
        return Quantity(value=row.value * factor)
    words = f" {unit}" if unit else ""
    if row.range is not None:
        low, high = (end * factor for end in row.range)
        return f"{low:.12g} to {high:.12g}{words}"
    if row.at_most is not None:
        return f"at most {row.at_most * factor:.12g}{words}"
    return Missing(reason=row.missing)


def describe_claims(rows: Iterable[PublishedRow]) -> list[str]:
    """Return what a source says in words: one line for all frameworks that it says it of."""
    names: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.has_figure:
            continue
        axes = " ".join(f"{name}={value}" for name, value in row.axes.items())
        what = " ".join(part for part in (row.scenario, axes) if part)
        order = f"best first: {', '.join(row.order)}" if row.order else ""
        said = "; ".join(part for part in (order, row.claim, row.note) if part)
        names.setdefault((what, MEASURES[row.measure].title, said), []).append(row.name)
    return [
        ": ".join(part for part in (what, title, ", ".join(filter(None, of)), said) if part)
        for (what, title, said), of in names.items()
    ]
