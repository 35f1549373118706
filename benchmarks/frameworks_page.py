"""The tables of docs/frameworks.md, from the facts of quick runs and from what plugins refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from tabulate import tabulate

from dlbench.cells import Cell, RefusedCell
from dlbench.framework import Difference, Framework, Refusal
from dlbench.summary import spell

ROOT = Path(__file__).resolve().parents[1]
FACTS = ROOT / "benchmarks" / "results" / "frameworks.json"
PAGE = ROOT / "docs" / "frameworks.md"
BEGIN, END = "<!-- tables of frameworks -->", "<!-- end of the tables -->"

#: Of a cell that nobody has executed.
UNKNOWN = "not run"


class Fact(Struct, frozen=True, kw_only=True):
    """What came of one quick run."""

    scenario: str
    digest: str
    framework: str
    image: str
    axes: dict[str, str]
    #: ``works``, or how it ended.
    outcome: str
    parity: str
    parity_reason: str
    #: The audit's facts that did not hold.
    audit: tuple[str, ...]
    run: str
    started: str
    #: ``measurement`` of a quick run, or ``parity`` where the cell has only been verified.
    kind: str = "measurement"


def read_facts() -> list[Fact]:
    """Return the facts that are kept."""
    return msgspec.json.decode(FACTS.read_bytes(), type=list[Fact]) if FACTS.is_file() else []


def write_facts(facts: Iterable[Fact]) -> None:
    """Keep ``facts``, in the order of the page."""
    rows = sorted(facts, key=lambda fact: (fact.framework, fact.image, fact.scenario))
    FACTS.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")


def describe(fact: Fact) -> tuple[str, str]:
    """Return what the table says of a quick run, and why where it is not that all is well."""
    if fact.outcome != "works":
        return "fails", fact.outcome
    if fact.parity != "passed":
        return f"parity {fact.parity}", fact.parity_reason
    if fact.audit:
        return "audit failed", ", ".join(fact.audit)
    return ("verified" if fact.kind == "parity" else "works"), ""


class Notes:
    """Reasons, numbered in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, word: str, reason: str) -> str:
        """Return ``word`` with the number of its reason."""
        return f"{word} [{self.numbers.setdefault(reason, len(self.numbers) + 1)}]"


def render(cells: Sequence[Cell | RefusedCell], facts: Iterable[Fact]) -> str:
    """Return the tables: what works where, the reasons, and what else is refused or differs."""
    known = {(fact.scenario, fact.digest, fact.framework, fact.image): fact for fact in facts}
    notes = Notes()
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in cells:
        cell = one.cell if isinstance(one, RefusedCell) else one
        framework, scenario = cell.entry.framework.name, cell.scenario
        row = rows.setdefault((framework, cell.image.id), {})
        if isinstance(one, RefusedCell):
            row[scenario.name] = notes.mark("refused", one.reason)
            continue
        fact = known.get((scenario.name, scenario.digest, framework, cell.image.id))
        word, reason = describe(fact) if fact else (UNKNOWN, "")
        row[scenario.name] = notes.mark(word, reason) if reason else word
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = tabulate(
        [[*key, *(row.get(name, "") for name in names)] for key, row in rows.items()],
        headers=["framework", "image", *names],
        tablefmt="github",
    )
    reasons = [f"{number}. {reason}" for reason, number in notes.numbers.items()]
    frameworks = {one.name: one for one in map(framework_of, cells)}
    return "\n".join([table, "", *reasons, "", *list_facts(frameworks.values())]).rstrip()


def framework_of(one: Cell | RefusedCell) -> Framework:
    """Return the framework of a cell."""
    return (one.cell if isinstance(one, RefusedCell) else one).entry.framework


def list_facts(frameworks: Iterable[Framework]) -> Iterator[str]:
    """Yield what each framework refuses and where its optimizers differ, as its plugin says."""
    for framework in frameworks:
        supports = framework.supports
        rules: tuple[Refusal | Difference, ...] = (*supports.refusals, *supports.differences)
        if rules:
            yield from ("", f"### {framework.name}", "")
        for rule in rules:
            yield f"- {spell_where(rule)}: {rule.reason}"


def spell_where(rule: Refusal | Difference) -> str:
    """Return the conditions of a rule."""
    parts = [*rule.images, *rule.devices]
    parts += [f"{name}={'|'.join(values)}" for name, values in rule.axes.items()]
    if isinstance(rule, Difference):
        return " ".join([rule.optimizer, *parts, "(another definition)"])
    parts += [" or ".join(rule.layers)] if rule.layers else []
    parts += [
        f"{name}={'|'.join(spell(value) for value in values)}"
        for name, values in rule.parameters.items()
    ]
    return " ".join([*parts, "(refused)"])


def write_page(cells: Sequence[Cell | RefusedCell]) -> None:
    """Put the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    body = f"{before}{BEGIN}\n\n{render(cells, read_facts())}\n\n{END}{after}"
    PAGE.write_text(body, encoding="utf-8")


def read_page() -> str:
    """Return the tables as the page has them."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"{BEGIN}\n\n")[2].partition(f"\n\n{END}")[0]
