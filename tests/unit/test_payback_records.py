"""Payback, recomputed by hand from the raw phases of real records.

benchmarks/results/payback has five rounds of mnist-mlp on TensorFlow 2.21.0 with and without XLA
(`dlbench run mnist-mlp -f tensorflow==2.21.0:xla=off,on --epochs 0 --trials 200 --warmup 20
--rounds 5`), taken out of an archive of `dlbench results export`.
"""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import pytest

from dlbench.compare import Question, compare_records
from dlbench.payback import spell_count, spell_seconds
from dlbench.record import Record
from dlbench.store import decode_record

RECORDS = Path(__file__).parents[2] / "benchmarks" / "results" / "payback"


def read_records() -> list[Record]:
    records = [decode_record(path.read_bytes()) for path in RECORDS.glob("*.json")]
    return sorted(records, key=lambda record: record.started)


def seconds(record: Record, phase: str) -> float:
    assert record.result is not None
    (found,) = (one for one in record.result.phases if one.name == phase)
    return float(found.values[0]) / (found.count or 1)


def by_round(records: list[Record], xla: str, phase: str) -> list[float]:
    chosen = [one for one in records if one.cell.axes["xla"] == xla]
    return [seconds(one, phase) for one in sorted(chosen, key=lambda one: one.round)]


def costs(records: list[Record], xla: str) -> float:
    phases = [by_round(records, xla, name) for name in ("build", "first_step", "pipelined")]
    found = [build + first - step for build, first, step in zip(*phases, strict=True)]
    return median(found)


def find_note(records: list[Record]) -> str:
    (table,) = compare_records(records, Question(metric="step", everything=True))
    (note,) = (note for note in table.notes if "xla=on" in note and "pay" in note)
    return note


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return read_records()


def test_the_records_are_five_rounds_of_two_cells(records: list[Record]) -> None:
    assert len(records) == 10
    assert {(one.cell.axes["xla"], one.round) for one in records} == {
        (xla, number) for xla in ("off", "on") for number in range(1, 6)
    }
    assert {one.parity.verdict for one in records} == {"passed"}
    assert all(one.image.engine_id and one.events for one in records)


def test_n_is_what_the_raw_phases_give(records: list[Record]) -> None:
    extra = costs(records, "on") - costs(records, "off")
    plain, compiled = (by_round(records, xla, "pipelined") for xla in ("off", "on"))
    saved = median(plain) * (1 - median(b / a for a, b in zip(plain, compiled, strict=True)))
    assert saved > 0
    note = find_note(records)
    assert f"pays back after about {spell_count(extra / saved)} " in note
    assert f"{spell_seconds(extra)} more once, {spell_seconds(saved)} less a step" in note


def test_it_has_paid_after_n_steps_and_not_before(records: list[Record]) -> None:
    found = re.search(r"after about ([\d,]+) .*\(([\d,]+) to ([\d,]+)\) steps", find_note(records))
    assert found is not None
    _, few, many = (int(text.replace(",", "")) for text in found.groups())

    def total(xla: str, steps: int) -> float:
        return costs(records, xla) + steps * median(by_round(records, xla, "pipelined"))

    assert total("on", 2 * many) < total("off", 2 * many)
    assert total("on", few // 2) > total("off", few // 2)
