"""Differences: in which settings rows are unlike one another, and whether that is fair.

Every setting is taken as it was found to be active, and as it was asked for only where nobody
looked.  Some settings decide how fast anything is, whatever the framework: two rows that differ in
one of those beside what is compared are marked, and refused where a table is to be strict.  Others
are a framework's own way to do the work, which is what a comparison is about: those are remarked
upon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from dlbench.rows import NOT_APPLICABLE, Row
from dlbench.summary import OWN_FACTS, Conditions


class Setting(Struct, frozen=True, kw_only=True):
    """A setting that must be equal before two rows are fairly compared."""

    #: The fact of ``summary.gather_facts``, empty where only the worker can tell.
    fact: str = ""
    #: The key of ``Adapter.settings``, empty where nobody looks for it inside.
    found: str = ""
    #: The axis that sets it, if one does.
    axis: str = ""
    #: Whether it says anything on a CPU.
    on_cpu: bool = True


#: The registry: name -> setting.  What is not named here is no more than a remark.
SETTINGS: Mapping[str, Setting] = {
    "host": Setting(fact="host"),
    "CPU": Setting(fact="CPU"),
    "CPUs": Setting(fact="CPUs"),
    "GPU": Setting(fact="GPU", on_cpu=False),
    "engine": Setting(fact="engine"),
    "processes": Setting(fact="processes"),
    "threads": Setting(fact="threads", found="threads", axis="threads"),
    "batch size": Setting(fact="batch size", axis="batch_size"),
    "items per step": Setting(fact="items per step", axis="batch_size"),
    "precision": Setting(fact="precision", axis="precision"),
    "precision of weights": Setting(found="precision", axis="precision"),
    "compute precision": Setting(found="compute_precision", axis="precision"),
    "loss scaling": Setting(fact="loss scaling", axis="precision"),
    "tf32": Setting(found="tf32", axis="precision", on_cpu=False),
    "feed": Setting(fact="feed", axis="feed"),
    "loop": Setting(fact="loop", axis="loop"),
    "epochs": Setting(fact="epochs"),
}

#: What rows of other frameworks or images are compared by.
FRAMEWORK = "framework"

#: Found settings that frameworks spell each in their own way.
NAMES = frozenset({"devices"})


def read_settings(conditions: Conditions) -> dict[str, str]:
    """Return the settings of the registry that are known of a run, in the registry's order."""
    known = {}
    for name, setting in SETTINGS.items():
        if conditions.cell.device == "cpu" and not setting.on_cpu:
            continue
        asked = conditions.facts.get(setting.fact)
        value = conditions.settings.get(setting.found, asked)
        if value is not None:
            known[name] = strip_modules(value)
    return known


def strip_modules(value: str) -> str:
    """Return the names of number formats without what their framework puts before them."""
    return ", ".join(part.rpartition(".")[2] or part for part in value.split(", "))


def find_compared(row: Row, other: Row) -> list[str]:
    """Return what two rows were meant to differ in: ``framework``, and axes that both have."""
    axes = [
        name
        for name in {**row.identity, **other.identity}
        if name not in {"framework", "image"}
        and NOT_APPLICABLE not in {row.value(name), other.value(name)}
        and row.value(name) != other.value(name)
    ]
    same = row.cell.framework == other.cell.framework and row.cell.image_id == other.cell.image_id
    return axes if same else [FRAMEWORK, *axes]


def find_unequal(row: Row, other: Row) -> list[str]:
    """Return the settings of the registry in which two rows differ beside what is compared.

    Rows that differ in one axis alone are there to show what that axis does, so what it sets may
    differ.  Where frameworks are compared, or several axes at once, everything must be equal.
    """
    compared = find_compared(row, other)
    ours, theirs = read_settings(row.conditions), read_settings(other.conditions)
    return [
        name
        for name in ours
        if name in theirs
        and ours[name] != theirs[name]
        and not (SETTINGS[name].axis and [SETTINGS[name].axis] == compared)
    ]


def find_outliers(rows: Sequence[Row], shown: Iterable[str]) -> list[list[str]]:
    """Return of each row, in words, the settings in which it is unlike most of ``rows``.

    Where no value is that of more than half of the rows, each is unlike the others.  What an axis
    sets is not among them where it is ``shown``: the table has a column for it.
    """
    known = [read_settings(row.conditions) for row in rows]
    outliers: list[list[str]] = [[] for _ in rows]
    for name, setting in SETTINGS.items():
        values = [settings[name] for settings in known if name in settings]
        if setting.axis in shown or len(set(values)) < 2:
            continue
        usual = next((value for value in values if 2 * values.count(value) > len(values)), "")
        but = f", not {usual}" if usual else ""
        for words, settings in zip(outliers, known, strict=True):
            if settings.get(name, usual) != usual:
                words.append(f"{name} {settings[name]}{but}")
    return outliers


def describe_disagreements(rows: Sequence[Row], shown: Iterable[str]) -> list[str]:
    """Say which facts and found settings are not equal between ``rows``, and whose are which.

    ``shown`` names the axes and facts that the table has a column for.
    """
    columns = {*shown, *OWN_FACTS}
    axes = {setting.fact: setting.axis for setting in SETTINGS.values() if setting.fact}
    notes = []
    for name in rows[0].conditions.facts:
        if name not in columns and axes.get(name) not in columns:
            notes += _describe(
                name, [(row, row.conditions.facts.get(name, "unknown")) for row in rows]
            )
    measured = [row for row in rows if row.good]
    common = (
        set.intersection(*(set(row.conditions.settings) for row in measured)) if measured else set()
    )
    for name in sorted(common - columns - set(rows[0].conditions.facts) - NAMES):
        notes += _describe(
            f"{name} as found", [(row, row.conditions.settings[name]) for row in measured]
        )
    return notes


def _describe(name: str, values: Sequence[tuple[Row, str]]) -> list[str]:
    holders: dict[str, list[str]] = {}
    for row, value in values:
        names = holders.setdefault(value, [])
        if row.cell.image_id not in names:
            names.append(row.cell.image_id)
    if len(holders) < 2:
        return []
    usual = max(holders, key=lambda value: len(holders[value]))
    parts = [f"{value} ({', '.join(names)})" for value, names in holders.items() if value != usual]
    own = holders[usual] if len(holders[usual]) == 1 else ["all others"]
    return [f"not equal: {name}: {'; '.join([*parts, f'{usual} ({own[0]})'])}"]
