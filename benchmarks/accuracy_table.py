"""The table of docs/accuracy.md, from the records below benchmarks/results/accuracy.

Two frameworks that trained the same network on the same batches differ by what chance does to
dropout and rounding.  How far two accuracies p on n test items may be apart by chance of the items
alone is the half width of the 95 % interval of a difference of two proportions, 1.96 sqrt(2 p (1 -
p) / n); it stands beside the difference that was found, for scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlbench.compare import number_first
from dlbench.epochs import Epoch, read_epochs
from dlbench.quality import describe_quality, list_known, spell_ends
from dlbench.record import Record
from dlbench.store import decode_record
from dlbench.summary import spell, summarize
from dlbench.tables import Cell, Column, Missing, Quantity, Table, render

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "benchmarks" / "results" / "accuracy"
PAGE = ROOT / "docs" / "accuracy.md"
BEGIN, END = "<!-- table of accuracy -->", "<!-- end of the table -->"

#: Of a normal distribution, for 95 % of it.
QUANTILE = 1.96

COLUMNS = (
    Column(name="scenario", title="scenario"),
    Column(name="image", title="image"),
    Column(name="epochs", title="epochs"),
    Column(name="accuracy", title="accuracy", unit="1", digits=4),
    Column(name="best", title="best", unit="1", digits=4),
    Column(name="loss", title="loss", unit="1", digits=4),
    Column(name="difference", title="to the other", unit="1", digits=4),
    Column(name="chance", title="chance", unit="1", digits=4),
    Column(name="known", title="known"),
    Column(name="judged", title="judged"),
)


def read_records(folder: Path | None = None) -> list[Record]:
    """Return the records that are kept, oldest first."""
    paths = (folder or RECORDS).rglob("*.json")
    records = [decode_record(path.read_bytes(), path.name) for path in paths]
    return sorted(records, key=lambda record: record.started)


def name_work(record: Record) -> str:
    """Return the scenario with the values of its parameters."""
    values = [f"{name}={spell(value)}" for name, value in record.scenario.values.items()]
    return " ".join([record.scenario.name, *values])


def find_epochs(record: Record) -> list[Epoch]:
    """Return the epochs of a record."""
    return read_epochs(record.result.phases) if record.result else []


def choose(records: Iterable[Record]) -> list[Record]:
    """Return the record of each cell that trained longest, the newest of several, sorted."""
    chosen: dict[tuple[str, str, str], Record] = {}
    for record in records:
        key = (name_work(record), record.scenario.digest, record.cell.image_id)
        known = chosen.get(key)
        if known is None or len(find_epochs(record)) >= len(find_epochs(known)):
            chosen[key] = record
    return sorted(chosen.values(), key=place)


def place(record: Record) -> tuple[object, ...]:
    """Return what sorts rows: by scenario, then parameters, numbers as such, then image."""
    values = [number_first(spell(value)) for value in record.scenario.values.values()]
    return record.scenario.name, values, record.cell.image_id


def tabulate(records: Iterable[Record]) -> Table:
    """Return a row for each cell of ``records``."""
    chosen = choose(records)
    return Table(
        title="accuracy on the test set",
        columns=COLUMNS,
        rows=tuple(make_row(record, chosen) for record in chosen),
    )


def make_row(record: Record, chosen: Sequence[Record]) -> tuple[Cell, ...]:
    """Return the row of one record among all that are shown."""
    epochs = find_epochs(record)
    last, known = epochs[-1], record.scenario.known
    ends = [f"{name} {spell_ends(ends)}" for name, ends in list_known(known)] if known else []
    difference = find_difference(record, chosen)
    return (
        name_work(record),
        record.cell.image_id,
        str(len(epochs)),
        Quantity(value=last.accuracy),
        Quantity(value=max(epoch.accuracy for epoch in epochs)),
        Missing(reason="none") if last.loss is None else Quantity(value=last.loss),
        Missing(reason="alone") if difference is None else Quantity(value=difference),
        Quantity(value=find_chance(last.accuracy, count_test_items(record))),
        ", ".join(ends) or "nothing",
        "; ".join(describe_quality([summarize(record)])) or "no",
    )


def find_difference(record: Record, chosen: Sequence[Record]) -> float | None:
    """Return the largest difference in accuracy to other images after as many epochs."""
    work, epochs = (name_work(record), record.scenario.digest), find_epochs(record)
    others = [
        found[-1].accuracy
        for other in chosen
        if other is not record
        and (name_work(other), other.scenario.digest) == work
        and len(found := find_epochs(other)) == len(epochs)
    ]
    return max((abs(one - epochs[-1].accuracy) for one in others), default=None)


def find_chance(accuracy: float, items: int) -> float:
    """Return how far two accuracies may be apart by the chance of the test items alone."""
    return QUANTILE * math.sqrt(2 * accuracy * (1 - accuracy) / items)


def count_test_items(record: Record) -> int:
    """Return how many items the test set has."""
    split = record.job.data.test
    return split.items if split else record.job.data.synthetic_items


def write_page(records: Iterable[Record]) -> None:
    """Put the table of ``records`` into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{render_rows(records)}\n{END}{after}", encoding="utf-8")


def read_page() -> str:
    """Return the table as the page has it."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0]


def render_rows(records: Iterable[Record]) -> str:
    """Return the table of ``records`` as Markdown, without a title."""
    text = render([tabulate(records)], "github")
    return text[text.index("|") :]
