"""The tables, plots and report of a study, from evidence put together by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from golden import check_golden
from study_evidence import gather_fcnn, gather_titanx

from dlbench.study_figures import Evidence, fill_tables
from dlbench.study_plots import plot_table
from dlbench.study_report import render_report
from dlbench.study_tables import tabulate_study
from dlbench.tables import Format, Quantity, render


@pytest.mark.parametrize("form", ["text", "csv"])
def test_the_six_rows_and_those_beyond(form: Format) -> None:
    check_golden(f"study-titanx.{form}", render(tabulate_study(gather_titanx()), form) + "\n")


@pytest.mark.parametrize("form", ["text", "csv"])
def test_the_series_by_depth_and_width(form: Format) -> None:
    check_golden(f"study-fcnn.{form}", render(tabulate_study(gather_fcnn()), form) + "\n")


def test_the_report() -> None:
    check_golden("study-fcnn.md", render_report(gather_fcnn()))


def test_a_ratio_is_to_the_best_of_its_column() -> None:
    (table,) = tabulate_study(gather_titanx())
    names = [column.name for column in table.columns]
    ratios = [row[names.index("published_ratio")] for row in table.rows[:6]]
    assert [one.value for one in ratios if isinstance(one, Quantity)] == pytest.approx([
        value / 241.478 for value in (362.206, 241.478, 365.122, 300.424, 298.478, 294.063)
    ])


def bar(evidence: Evidence, run_id: str) -> Evidence:
    """Return ``evidence`` with one run whose parity failed."""
    run = msgspec.structs.replace(evidence.runs[run_id], parity="failed", parity_reason="loss")
    return msgspec.structs.replace(evidence, runs={**evidence.runs, run_id: run})


def test_what_is_not_the_work_stands_in_no_ratio_and_no_rank() -> None:
    evidence = gather_titanx()
    (filled,) = fill_tables(evidence)
    assert filled.groups[0].best_measured == pytest.approx(2.05)
    assert len(filled.groups[0].pairs) == 4
    (filled,) = fill_tables(bar(bar(evidence, "4000aaaa"), "0000aaaa"))
    group = filled.groups[0]
    assert group.best_measured == pytest.approx(4.05)
    assert len(group.pairs) == 3
    torch = next(entry for entry in group.entries if entry.line.key == "torch:layout=NCHW")
    assert torch.measured is not None
    assert torch.sound is None
    assert "parity failed: loss" in torch.marks


def test_the_rank_order_is_held_against_the_published_one() -> None:
    (filled,) = fill_tables(gather_titanx())
    # Published 365, 300, 298, 294 ms; measured 5.05, 4.05, 4.55, 4.25 s: two neighbours of four.
    assert filled.groups[0].agreement == pytest.approx(0.4)


@pytest.mark.parametrize("gather", [gather_titanx, gather_fcnn])
def test_plots_are_the_same_byte_for_byte(tmp_path: Path, gather: object) -> None:
    assert callable(gather)
    for filled in fill_tables(gather()):
        first = plot_table(filled, tmp_path, "title")
        before = [path.read_bytes() for path in first]
        again = plot_table(filled, tmp_path, "title")
        assert [path.read_bytes() for path in again] == before
        assert [path.suffix for path in first] == [".png", ".svg"]
        assert b"<svg" in before[1]


def test_nothing_measured_is_no_plot(tmp_path: Path) -> None:
    evidence = gather_titanx()
    places = tuple(
        msgspec.structs.replace(place, runs=(), reason="not executed yet")
        for place in evidence.reproduction.places
    )
    found = msgspec.structs.replace(evidence.reproduction, places=places)
    (filled,) = fill_tables(msgspec.structs.replace(evidence, reproduction=found))
    assert plot_table(filled, tmp_path, "title") == []
