"""The accuracy that scenarios reach: its table follows from its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import accuracy
import accuracy_table
import msgspec
import pytest
from accuracy import WORKS, find_cell, is_of
from accuracy_table import RECORDS, choose, find_chance, read_page, read_records, tabulate
from epoch_runs import make_epochs

from dlbench.cells import Request
from dlbench.errors import RunsFailedError, StoppedError
from dlbench.preparation import find_known
from dlbench.record import Record
from dlbench.redaction import find_secrets, redact
from dlbench.store import decode_record, encode_record
from dlbench.tables import Missing, Quantity

KEPT = sorted(RECORDS.rglob("*.json"))


def rows(*records: Record) -> list[dict[str, Any]]:
    table = tabulate(records)
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_the_page_has_the_table_of_the_records() -> None:
    assert accuracy_table.render_rows(read_records()) == read_page()


def test_there_are_records() -> None:
    assert read_records()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_each_record_is_whole_and_gives_nothing_away(path: Path) -> None:
    record = decode_record(path.read_bytes(), path.name)
    assert record.outcome.ok
    assert record.parity.verdict == "passed"
    assert record.image.engine_id
    assert any(event.name == "epoch" for event in record.events)
    assert record.result is not None
    assert all(fact.get("passed") is not False for fact in record.result.audit.values())
    assert redact(record, find_secrets([record])) == record


def test_a_row_says_what_was_reached_and_how_it_is_judged() -> None:
    (row,) = rows(make_epochs("a1", [0.9, 0.979, 0.975]))
    assert row["scenario"] == "tiny"
    assert row["epochs"] == "3"
    assert row["accuracy"] == Quantity(value=0.975)
    assert row["best"] == Quantity(value=0.979)
    assert row["difference"] == Missing(reason="alone")
    assert row["known"] == "accuracy 0.97 to 0.98"
    assert row["judged"] == "accuracy as known"


def test_frameworks_are_held_against_each_other_after_as_many_epochs() -> None:
    found = rows(
        make_epochs("a1", [0.9, 0.91]),
        make_epochs("b1", [0.9, 0.94], framework="tensorflow"),
        make_epochs("c1", [0.5], framework="numpy"),
    )
    by_image = {row["image"]: row["difference"] for row in found}
    assert by_image["torch-2.13.0"].value == pytest.approx(0.03)
    assert by_image["tensorflow-2.21.0"].value == pytest.approx(0.03)
    assert by_image["numpy-2.4.6"] == Missing(reason="alone")


def test_chance_is_that_of_a_difference_of_two_proportions() -> None:
    # A standard error of 0.3 / 100 each, so sqrt(2) times that of their difference.
    assert find_chance(0.9, 10000) == pytest.approx(1.96 * 0.003 * 2**0.5)


def test_the_longest_record_of_a_cell_counts_and_then_the_newest() -> None:
    short = make_epochs("a1", [0.9])
    long, newer = (make_epochs(name, [0.9, 0.95]) for name in ("a2", "a3"))
    assert [one.run_id for one in choose([long, newer, short])] == ["a3"]


def test_rows_stand_in_the_order_of_their_parameters() -> None:
    def make(width: int) -> Record:
        record = make_epochs(f"w{width}", [0.9])
        scenario = msgspec.structs.replace(record.scenario, values={"width": str(width)})
        return msgspec.structs.replace(record, scenario=scenario)

    found = rows(make(128), make(1024), make(64))
    assert [row["scenario"] for row in found] == [
        "tiny width=64",
        "tiny width=128",
        "tiny width=1024",
    ]


def test_records_are_read_oldest_first(tmp_path: Path) -> None:
    for number, day in ((1, "02"), (2, "01")):
        record = make_epochs(f"a{number}", [0.9], started=f"2026-11-{day}T10:00:00+00:00")
        (tmp_path / f"{number}.json").write_bytes(encode_record(record))
    assert [one.run_id for one in read_records(tmp_path)] == ["a2", "a1"]


def test_a_cell_that_has_its_record_is_known_again() -> None:
    (request,) = (
        one
        for work in WORKS
        for one in work.requests(["numpy"], ["threads=7"])
        if {"depth=3", "activation=tanh"} <= set(one.axes)
    )
    cell = find_cell(request)
    assert cell is not None
    assert cell.variant["threads"] == "7"
    axes = {**cell.variant, "threads": "2"}
    record = make_epochs("a1", [0.9, 0.95], axes=axes, image_id=cell.image.id)
    scenario = msgspec.structs.replace(
        record.scenario,
        digest=cell.scenario.digest,
        values=dict(cell.scenario.values),
        known=find_known(cell),
    )
    record = msgspec.structs.replace(record, scenario=scenario)
    assert is_of(record, cell, 2)
    assert not is_of(record, cell, 3)
    changed = msgspec.structs.replace(record.cell, axes={**axes, "batch_size": "7"})
    assert not is_of(msgspec.structs.replace(record, cell=changed), cell, 2)
    other = msgspec.structs.replace(scenario, values={**scenario.values, "depth": "4"})
    assert not is_of(msgspec.structs.replace(record, scenario=other), cell, 2)


def ask_for_two() -> list[Request]:
    (work,) = (one for one in WORKS if one.scenario == "mnist-mlp")
    return [*work.requests(["numpy"]), *work.requests(["torch"])]


def test_a_cell_that_fails_does_not_keep_the_others_from_being_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(request: Request, epochs: int) -> Record:
        if request.frameworks == ("numpy",):
            raise RunsFailedError("1 of 1 runs did not end well")
        return make_epochs("a1", [0.9] * epochs)

    monkeypatch.setattr(accuracy, "train", fail)
    monkeypatch.setattr(accuracy, "RECORDS", tmp_path)
    problems = accuracy.train_all(ask_for_two(), 2, again=True)
    assert problems == ["mnist-mlp on numpy-2.4.6: 1 of 1 runs did not end well"]
    (kept,) = read_records(tmp_path)
    assert kept.environment.host == "host-a1"


def test_ctrl_c_ends_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(request: Request, epochs: int) -> Record:
        raise StoppedError("ended early after 0 runs")

    monkeypatch.setattr(accuracy, "train", stop)
    with pytest.raises(StoppedError):
        accuracy.train_all(ask_for_two(), 2, again=True)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.scenario)
def test_every_work_asks_for_one_cell_at_a_time(work: Any) -> None:
    assert all(find_cell(request) is not None for request in work.requests(["numpy"]))
