"""The page of what works where: its tables follow from the facts that are kept."""

from __future__ import annotations

import msgspec
import pytest
from comparisons import make_run
from frameworks import is_of, list_cells, make_fact, merge
from frameworks_page import Fact, Notes, describe, read_facts, read_page, render, spell_where

from dlbench.cells import Cell, RefusedCell
from dlbench.cli.workspace import open_workspace
from dlbench.framework import Difference, Refusal
from dlbench.summary import summarize

FACT = Fact(
    scenario="rows",
    digest="5ce0",
    framework="torch",
    image="torch-2.13.0",
    axes={},
    outcome="works",
    parity="passed",
    parity_reason="",
    audit=(),
    run="a1",
    started="2026-11-22T10:00:00",
)


def read_rows() -> dict[tuple[str, str, str], str]:
    """Return what the page's table says of each framework, image and scenario."""
    table = [line for line in read_page().splitlines() if line.startswith("|")]
    header, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]
    return {
        (line[0], line[1], scenario): word
        for line in lines
        for scenario, word in zip(header[2:], line[2:], strict=True)
    }


def test_the_page_claims_nothing_without_a_run() -> None:
    facts = {(fact.framework, fact.image, fact.scenario): fact for fact in read_facts()}
    claimed = {key: word for key, word in read_rows().items() if word in {"works", "verified"}}
    assert claimed
    assert claimed == {key: describe(facts[key])[0] for key in claimed}


@pytest.mark.parametrize(
    ("changes", "word", "reason"),
    [
        ({}, "works", ""),
        ({"outcome": "oom 2 GiB"}, "fails", "oom 2 GiB"),
        ({"parity": "failed", "parity_reason": "loss"}, "parity failed", "loss"),
        ({"parity": "not run", "parity_reason": "no oracle"}, "parity not run", "no oracle"),
        ({"audit": ("layout_as_set",)}, "audit failed", "layout_as_set"),
    ],
)
def test_a_word_for_what_came_of_a_run(changes: dict[str, object], word: str, reason: str) -> None:
    assert describe(msgspec.structs.replace(FACT, **changes)) == (word, reason)


def test_the_newest_fact_of_a_cell_counts() -> None:
    newer = msgspec.structs.replace(FACT, started="2026-11-23T10:00:00", outcome="lost")
    other = msgspec.structs.replace(FACT, scenario="vgg16")
    found = {(fact.scenario, fact.outcome) for fact in merge([newer, FACT, other])}
    assert found == {("rows", "lost"), ("vgg16", "works")}


def test_a_quick_run_without_a_verdict_has_that_of_a_parity_run() -> None:
    verdict = msgspec.structs.replace(FACT, kind="parity", started="2026-11-21T10:00:00")
    unknown = msgspec.structs.replace(FACT, parity="not run", parity_reason="switched off")
    (fact,) = merge([unknown, verdict])
    assert (fact.kind, fact.parity, fact.parity_reason) == ("measurement", "passed", "")
    assert [describe(one) for one in merge([verdict])] == [("verified", "")]
    assert merge([FACT, msgspec.structs.replace(verdict, parity="failed")]) == [FACT]


def test_a_fact_is_made_of_a_record() -> None:
    record = make_run("a1", framework="torch")
    fact = make_fact(summarize(record))
    assert (fact.run, fact.framework, fact.outcome) == ("a1", "torch", "works")
    assert fact.digest == record.scenario.digest
    assert "threads" not in fact.axes


def find_cell(framework: str, scenario: str) -> Cell:
    (cell,) = list_cells(open_workspace(), [framework], [scenario])
    assert isinstance(cell, Cell)
    return cell


def test_cells_may_be_asked_for_with_fewer_threads() -> None:
    (cell,) = list_cells(open_workspace(), ["numpy"], ["fcnn-width"], ["threads=1"])
    assert isinstance(cell, Cell)
    usual = find_cell("numpy", "fcnn-width").variant
    assert cell.variant == {**usual, "threads": "1"}


def test_a_fact_of_a_scenario_that_has_changed_is_of_no_cell() -> None:
    cell = find_cell("numpy", "fcnn-width")
    axes = {name: value for name, value in cell.variant.items() if name != "threads"}
    fact = msgspec.structs.replace(
        FACT,
        scenario="fcnn-width",
        digest=cell.scenario.digest,
        framework="numpy",
        image=cell.image.id,
        axes=axes,
    )
    assert is_of(fact, cell)
    assert not is_of(msgspec.structs.replace(fact, digest="other"), cell)
    assert not is_of(msgspec.structs.replace(fact, axes={**axes, "width": "64"}), cell)


def test_a_table_marks_what_is_refused_and_what_nobody_has_run() -> None:
    cell = find_cell("numpy", "fcnn-width")
    refused = RefusedCell(cell=find_cell("numpy", "vgg16"), reason="there is no time")
    lines = render([cell, refused], []).splitlines()
    assert lines[0].split("|")[3:5] == [" fcnn-width   ", " vgg16       "]
    assert lines[2].split("|")[3:5] == [" not run      ", " refused [1] "]
    assert "1. there is no time" in lines


def test_equal_reasons_have_one_number() -> None:
    notes = Notes()
    assert [notes.mark("refused", reason) for reason in ("a", "b", "a")] == [
        "refused [1]",
        "refused [2]",
        "refused [1]",
    ]


def test_rules_are_spelled_with_their_conditions() -> None:
    refusal = Refusal(
        reason="no",
        images=("x-1",),
        devices=("cpu",),
        axes={"layout": ("NCHW",)},
        layers=("convolution", "max_pool"),
    )
    assert spell_where(refusal) == "x-1 cpu layout=NCHW convolution or max_pool (refused)"
    narrowed = Refusal(reason="no", layers=("lstm",), parameters={"gates": ("hard", "soft")})
    assert spell_where(narrowed) == "lstm gates=hard|soft (refused)"
    difference = Difference(reason="other", optimizer="adam", axes={"backend": ("a", "b")})
    assert spell_where(difference) == "adam backend=a|b (another definition)"
