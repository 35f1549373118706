"""What stands below a table of a study: rank orders, statements in words, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.correspondence import compare_order
from dlbench.published import PublishedRow
from dlbench.study_figures import Entry, Evidence, FilledTable, Group


def remark(filled: FilledTable, evidence: Evidence) -> Iterator[str]:
    """Yield the notes of one table."""
    for group in filled.groups:
        yield from compare_orders(group, filled)
    yield from list_statements(filled, evidence)
    yield from list_notes(filled)
    yield from list_missing(filled)


def compare_orders(group: Group, filled: FilledTable) -> Iterator[str]:
    """Say whether the published and the measured rank order agree, where both are known."""
    stated = [entry.stated for entry in group.entries if entry.stated is not None]
    if len(set(stated)) < 2:
        return
    where = name_group(group, filled)
    if len(group.pairs) < 2:
        yield f"{where}order: {len(stated)} published figures, {len(group.pairs)} of them measured"
        return
    expected, found = zip(*group.pairs, strict=True)
    yield f"{where}order of {len(group.pairs)} figures: {compare_order(expected, found)}"


def name_group(group: Group, filled: FilledTable) -> str:
    """Return the words that tell a group from the others of its table."""
    parts = []
    if len({one.figure.title for one in filled.groups}) > 1:
        parts.append(group.figure.title)
    if group.value:
        parts.append(f"{filled.table.across} {group.value}")
    return f"{', '.join(parts)}: " if parts else ""


def list_statements(filled: FilledTable, evidence: Evidence) -> Iterator[str]:
    """Yield what the source says in words about the figures of a table."""
    titles = list(dict.fromkeys(group.figure.title for group in filled.groups))
    said: dict[str, list[str]] = {}
    for group in filled.groups:
        for row in evidence.published.rows:
            is_here = (row.scenario, row.measure) == (group.figure.scenario, group.figure.measure)
            if not row.has_figure and is_here and fits(row, group):
                about = said.setdefault(spell_statement(row, group), [])
                about += [group.figure.title] if group.figure.title not in about else []
    for text, about in said.items():
        where = "" if about == titles else f"{', '.join(about)}: "
        yield f"published: {where}{text}"


def fits(row: PublishedRow, group: Group) -> bool:
    """Return whether a statement is about this figure, as far as it states axes."""
    known = {**group.figure.axes, **group.figure.fixed}
    return all(known.get(name, value) == value for name, value in row.axes.items())


def spell_statement(row: PublishedRow, group: Group) -> str:
    """Return a statement of the source, and of an order whether the measured one is the same."""
    who = f"{row.name}: " if row.framework else ""
    text = f"{who}{row.claim or 'the best first: ' + ', '.join(row.order)}"
    return text + (f"; {check_order(row.order, group)}" if row.order else "")


def check_order(order: Sequence[str], group: Group) -> str:
    """Say whether what was measured stands in a published order, the best first."""
    found: dict[str, float] = {}
    for entry in group.entries:
        line = entry.line
        name = f"{line.framework}/{line.backend}" if line.backend else line.framework
        if entry.sound is not None:
            found.setdefault(name, -entry.sound if group.higher_is_better else entry.sound)
    places = [(float(place), found[name]) for place, name in enumerate(order) if name in found]
    if len(places) < 2:
        return f"{len(places)} of {len(order)} measured"
    return compare_order(*zip(*places, strict=True))


def list_notes(filled: FilledTable) -> Iterator[str]:
    """Yield what the source says beside its figures."""
    notes: dict[str, list[str]] = {}
    for entry in filled.list_entries():
        if entry.published is not None and entry.published.note:
            names = notes.setdefault(entry.published.note, [])
            names += [entry.line.title] if entry.line.title not in names else []
    for note, names in notes.items():
        yield f"published of {', '.join(names)}: {note}"


def list_missing(filled: FilledTable) -> Iterator[str]:
    """Yield every reason for which nothing was measured, with the lines that it holds for."""
    reasons: dict[str, list[str]] = {}
    for group in filled.groups:
        for entry in group.entries:
            if entry.measured is None:
                names = reasons.setdefault(entry.reason, [])
                title = name_line(entry)
                names += [title] if title not in names else []
    for reason, names in reasons.items():
        yield f"not available: {', '.join(names)}: {' '.join(reason.split())}"


def name_line(entry: Entry) -> str:
    """Return a line's title, with the axes that tell it from others of that title."""
    axes = [f"{name} {value}" for name, value in entry.line.axes.items() if name != "backend"]
    return entry.line.title + (f" ({', '.join(axes)})" if axes else "")
