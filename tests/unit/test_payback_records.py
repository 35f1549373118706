"""Payback, recomputed by hand from the raw phases of real records.

benchmarks/results/payback has what TensorFlow 2.21.0 did with and without XLA in the five rounds of
`dlbench run mnist-mlp --epochs 0 --trials 20 --rounds 5..8 -f tensorflow:xla=off,on -f torch`, out
of an archive of `dlbench results export`.  The machine had other work and five rounds gave no
verdict, so XLA is not said to pay back; what would be said is tested as if they were enough.
"""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import msgspec
import pytest

from dlbench.compare import Question, compare_records
from dlbench.judgement import Comparison
from dlbench.metrics import METRICS
from dlbench.payback import describe_paybacks, spell_count, spell_seconds
from dlbench.record import Record
from dlbench.rows import Row, pool
from dlbench.standings import compare_rows
from dlbench.store import decode_record
from dlbench.summary import summarize

RECORDS = Path(__file__).parents[2] / "benchmarks" / "results" / "payback"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    found = [decode_record(path.read_bytes()) for path in RECORDS.glob("*.json")]
    return sorted(found, key=lambda record: record.started)


def seconds(record: Record, phase: str) -> float:
    assert record.result is not None
    (found,) = (one for one in record.result.phases if one.name == phase)
    return float(found.values[0]) / (found.count or 1)


def by_round(records: list[Record], xla: str, phase: str) -> list[float]:
    chosen = [one for one in records if one.cell.axes["xla"] == xla]
    return [seconds(one, phase) for one in sorted(chosen, key=lambda one: one.round)]


def costs(records: list[Record], xla: str) -> float:
    phases = [by_round(records, xla, name) for name in ("build", "first_step", "pipelined")]
    return float(median([a + b - c for a, b, c in zip(*phases, strict=True)]))


def say_if_faster(records: list[Record]) -> str:
    """Return what is said of the records' own ratio, were it enough for a verdict."""

    def compare(row: Row, plain: Row) -> Comparison:
        return msgspec.structs.replace(compare_rows(row, plain, METRICS["step"]), verdict="faster")

    (said,) = describe_paybacks(pool(map(summarize, records)), compare)
    return said


def test_the_records_are_five_rounds_of_two_cells(records: list[Record]) -> None:
    assert len(records) == 10
    assert {(one.cell.axes["xla"], one.round) for one in records} == {
        (xla, number) for xla in ("off", "on") for number in range(1, 6)
    }
    assert {one.parity.verdict for one in records} == {"passed"}
    assert all(one.image.engine_id and one.events for one in records)


def test_without_a_verdict_nothing_is_said_to_pay_back(records: list[Record]) -> None:
    (table,) = compare_records(records, Question(metric="step", everything=True))
    assert [note for note in table.notes if "xla=on" in note] == [
        "tensorflow-2.21.0: xla=on cannot be said to pay back or not: "
        "not enough data to tell the steps apart"
    ]


def test_n_is_what_the_raw_phases_give(records: list[Record]) -> None:
    extra = costs(records, "on") - costs(records, "off")
    plain, compiled = (by_round(records, xla, "pipelined") for xla in ("off", "on"))
    saved = median(plain) * (1 - median(b / a for a, b in zip(plain, compiled, strict=True)))
    assert extra > 0
    assert saved > 0
    said = say_if_faster(records)
    assert f"pays back after about {spell_count(extra / saved)} " in said
    assert f"{spell_seconds(extra)} more once, {spell_seconds(saved)} less a step" in said


def test_it_has_paid_after_n_steps_and_not_before(records: list[Record]) -> None:
    found = re.search(r"after about [\d,]+ \(([\d,]+) to ([\d,]+)\) steps", say_if_faster(records))
    assert found is not None
    few, many = (int(text.replace(",", "")) for text in found.groups())

    def total(xla: str, steps: int) -> float:
        return costs(records, xla) + steps * median(by_round(records, xla, "pipelined"))

    assert total("on", many) < total("off", many)
    assert total("on", few) > total("off", few)
