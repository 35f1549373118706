from __future__ import annotations

import csv
import io
import json
import math

import pytest

from dlbench.tables import (
    LONGEST_REASON,
    Cell,
    Column,
    Missing,
    Quantity,
    Table,
    render,
)

STEP = Column(name="step", title="step", unit="s", range="95 % interval")
NAME = Column(name="framework", title="framework")


def make_table(*cells: Cell, column: Column = STEP) -> Table:
    rows = tuple((f"row{number}", cell) for number, cell in enumerate(cells))
    return Table(title="t", columns=(NAME, column), rows=rows)


def lines(table: Table) -> list[str]:
    return render([table]).splitlines()[2:]


def test_a_column_has_one_unit_that_suits_its_least_number() -> None:
    head, _, first, second = lines(make_table(Quantity(value=5.5), Quantity(value=0.0801)))
    assert head.split() == ["framework", "step", "(ms)"]
    assert first.split() == ["row0", "5500.0"]
    assert second.split() == ["row1", "80.1"]


def test_columns_of_one_unit_share_it() -> None:
    other = Column(name="first", title="first", unit="s")
    row = ("a", Quantity(value=0.02), Quantity(value=3.0))
    table = Table(title="t", columns=(NAME, STEP, other), rows=(row,))
    head, _, body = lines(table)
    assert "step (ms)" in head
    assert "first (ms)" in head
    assert body.split() == ["a", "20.0", "3000"]


def test_rates_and_shares_read_in_the_units_that_people_use() -> None:
    rate = Column(name="flops_per_second", title="FLOP/s", unit="FLOP/s")
    share = Column(name="peak_share", title="share of peak", unit="share")
    row = ("a", Quantity(value=2.5e11), Quantity(value=0.8125))
    table = Table(title="t", columns=(NAME, rate, share), rows=(row,))
    head, _, body = lines(table)
    assert head.split() == ["framework", "GFLOP/s", "share", "of", "peak", "(%)"]
    assert body.split() == ["a", "250", "81.2"]
    assert render([table], "csv").splitlines() == [
        "table,framework,flops_per_second,peak_share",
        "t,a,250000000000.0,0.8125",
    ]


def test_an_interval_stands_behind_its_number_and_is_named_once() -> None:
    table = make_table(Quantity(value=2.0, low=1.9, high=2.1), Quantity(value=3.0))
    head, _, first, second = lines(table)
    assert "[95 % interval]" in head
    assert first.endswith("2.00 [1.90, 2.10]")
    assert second.endswith("3.00")


def test_a_reason_is_cut_for_people_and_whole_for_programs() -> None:
    reason = "failed: " + "very " * 40 + "long\nindeed"
    table = make_table(Missing(reason=reason))
    shown = lines(table)[-1].removeprefix("row0").strip()
    assert len(shown) == LONGEST_REASON
    assert shown.endswith("...")
    assert json.loads(render([table], "json"))["tables"][0]["rows"][0]["step"]["reason"] == reason
    assert list(csv.reader(io.StringIO(render([table], "csv"))))[1][2] == reason


def test_a_pipe_does_not_break_markdown() -> None:
    text = render([make_table(Missing(reason="a|b"))], "github")
    assert "a\\|b" in text


def test_latex_escapes_what_it_must() -> None:
    table = Table(title="50 % of_it & #1", columns=(NAME,), rows=(("a_b",),))
    text = render([table], "latex")
    assert r"50 \% of\_it \& \#1" in text
    assert r"a\_b" in text


def test_json_keeps_every_digit_and_spells_what_is_not_finite() -> None:
    table = make_table(Quantity(value=0.1 + 0.2, low=0.3, high=None), Quantity(value=math.nan))
    first, second = json.loads(render([table], "json"))["tables"][0]["rows"]
    assert first["step"] == {"value": 0.1 + 0.2, "unit": "s", "low": 0.3, "high": None}
    assert second["step"]["value"] == "nan"


def test_csv_keeps_every_digit_in_the_columns_own_unit() -> None:
    table = make_table(Quantity(value=0.00123456789, low=0.001, high=0.002))
    head, row = csv.reader(io.StringIO(render([table], "csv")))
    assert head == ["table", "framework", "step_seconds", "step_low_seconds", "step_high_seconds"]
    assert row == ["t", "row0", "0.00123456789", "0.001", "0.002"]


@pytest.mark.parametrize("form", ["text", "github", "csv", "latex"])
def test_no_cell_is_blank(form: str) -> None:
    table = make_table(
        Quantity(value=1.0), Missing(reason="timeout 600 s"), Quantity(value=math.inf)
    )
    text = render([table], form)  # type: ignore[arg-type]
    assert "timeout 600 s" in text
    assert "inf" in text
    if form == "csv":
        assert all(all(row) for row in csv.reader(io.StringIO(text)))


def test_zero_and_bytes_read_well() -> None:
    memory = Column(name="memory", title="memory", unit="bytes")
    table = make_table(Quantity(value=3.5 * 2**30), Quantity(value=0.0), column=memory)
    head, _, first, second = lines(table)
    assert "memory (GiB)" in head
    assert first.split()[-1] == "3.50"
    assert second.split()[-1] == "0.00"


def test_tables_are_one_document_in_json() -> None:
    document = json.loads(render([make_table(), make_table()], "json"))
    assert len(document["tables"]) == 2
