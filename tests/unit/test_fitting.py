"""Tables in narrow terminals."""

from __future__ import annotations

import pytest
from comparisons import make_odd_records, tables
from golden import check_golden

from dlbench.fitting import find_width, fit
from dlbench.tables import Column, Missing, Quantity, Table, render

WIDTHS = (200, 150, 80)


def odd_table() -> Table:
    (table,) = tables(make_odd_records(), baseline="torch:layout=NHWC")
    return table


def body_width(table: Table) -> int:
    lines = render([table]).splitlines()
    return len(next(line for line in lines if line.startswith("---")))


@pytest.mark.parametrize("width", WIDTHS)
def test_golden(width: int) -> None:
    check_golden(f"compare-odd.{width}.text", render([fit(odd_table(), width)]) + "\n")


@pytest.mark.parametrize("width", [*range(40, 400, 30)])
def test_a_table_never_gets_wider_than_it_must(width: int) -> None:
    narrowest = body_width(fit(odd_table(), 1))
    assert body_width(fit(odd_table(), width)) <= max(width, narrowest)


def test_the_width_is_what_is_printed() -> None:
    for width in (1, 100, 150, 1000):
        table = fit(odd_table(), width)
        assert find_width(table) == body_width(table)


def test_what_fits_is_left_alone() -> None:
    assert fit(odd_table(), 1000) == odd_table()


def test_nothing_is_lost_but_figures_that_are_named() -> None:
    table = fit(odd_table(), 1)
    notes = "\n".join(table.notes)
    assert "(--wide shows all)" in notes
    whole = odd_table()
    for place, column in enumerate(whole.columns):
        if column.title in notes.partition("left out for want of width: ")[2]:
            continue
        for row in whole.rows:
            cell = row[place]
            text = cell.reason if isinstance(cell, Missing) else cell
            if isinstance(text, str) and text != "not applicable":
                assert text in notes or any(
                    text in {getattr(one, "reason", one) for one in fitted} for fitted in table.rows
                )


def test_columns_leave_in_the_order_of_what_they_are_worth() -> None:
    names = {"a": 0, "b": 1, "c": 3, "d": 2}
    columns = tuple(
        Column(name=name, title=name * 10, unit="s", spare=spare) for name, spare in names.items()
    )
    table = Table(title="t", columns=columns, rows=((Quantity(value=1.0),) * 4,))
    left = {
        width: [column.name for column in fit(table, width).columns]
        for width in (80, 60, 40, 25, 1)
    }
    assert left == {80: [*"abcd"], 60: [*"abd"], 40: [*"ab"], 25: ["a"], 1: ["a"]}
    assert fit(table, 40).notes == (
        f"left out for want of width: {'c' * 10}, {'d' * 10} (--wide shows all)",
    )


def test_equal_texts_share_a_footnote() -> None:
    columns = (Column(name="marks", title="marks", footnotes=True),)
    rows = tuple(
        (text,)
        for text in ("quick plan; unpinned environment", "none", "quick plan; unpinned environment")
    )
    table = fit(Table(title="t", columns=columns, rows=rows), 1)
    assert table.rows == (("quick plan (1)",), ("none",), ("quick plan (1)",))
    assert table.notes == ("(1) quick plan; unpinned environment",)
