"""The tables, plots and report of a study, from evidence put together by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from comparisons import make_run
from golden import check_golden
from study_evidence import gather_fcnn, gather_titanx

from dlbench.redaction import Secrets
from dlbench.study_figures import Evidence, fill_tables
from dlbench.study_plots import plot_table
from dlbench.study_report import render_report, write_report
from dlbench.study_tables import tabulate_study
from dlbench.summary import summarize
from dlbench.tables import Format, Quantity, Table, render


@pytest.mark.parametrize("form", ["text", "csv"])
def test_the_six_rows_and_those_beyond(form: Format) -> None:
    check_golden(f"study-titanx.{form}", render(tabulate_study(gather_titanx()), form) + "\n")


@pytest.mark.parametrize("form", ["text", "csv"])
def test_the_series_by_depth_and_width(form: Format) -> None:
    check_golden(f"study-fcnn.{form}", render(tabulate_study(gather_fcnn()), form) + "\n")


def test_the_report() -> None:
    check_golden("study-fcnn.md", render_report(gather_fcnn()))


def ratios(table: Table, name: str) -> list[float]:
    place = [column.name for column in table.columns].index(name)
    return [cell.value for row in table.rows if isinstance(cell := row[place], Quantity)]


def test_ratios_are_to_the_best_of_the_rows_that_have_both() -> None:
    (table,) = tabulate_study(gather_titanx())
    published = (362.206, 241.478, 365.122, 300.424, 298.478, 294.063)
    assert ratios(table, "published_ratio") == pytest.approx([one / 294.063 for one in published])
    measured = (5.05, 4.05, 4.55, 4.25, 2.05)
    assert ratios(table, "measured_ratio") == pytest.approx([one / 4.05 for one in measured])


def test_ratios_are_to_the_best_of_the_column_where_no_two_rows_have_both() -> None:
    training = tabulate_study(gather_fcnn())[0]
    assert ratios(training, "depth_1_ratio") == pytest.approx([2.0, 1.0, 2.0, 1.0])


def bar(evidence: Evidence, run_id: str) -> Evidence:
    """Return ``evidence`` with one run whose parity failed."""
    run = msgspec.structs.replace(evidence.runs[run_id], parity="failed", parity_reason="loss")
    return msgspec.structs.replace(evidence, runs={**evidence.runs, run_id: run})


def test_what_is_not_the_work_stands_in_no_ratio_and_no_rank() -> None:
    evidence = gather_titanx()
    (filled,) = fill_tables(evidence)
    assert filled.groups[0].best_measured == pytest.approx(4.05)
    assert len(filled.groups[0].pairs) == 4
    (filled,) = fill_tables(bar(bar(evidence, "4000aaaa"), "1000aaaa"))
    group = filled.groups[0]
    assert group.best_measured == pytest.approx(4.25)
    assert len(group.pairs) == 3
    torch = next(entry for entry in group.entries if entry.line.key == "torch==2.13.0:layout=NCHW")
    assert torch.measured is not None
    assert torch.sound is None
    assert "parity failed: loss" in torch.marks


def test_the_order_is_held_against_the_published_one() -> None:
    (table,) = tabulate_study(gather_titanx())
    # Published 365, 300, 298, 294 ms; measured 5.05, 4.05, 4.55, 4.25 s.
    assert table.notes[0] == (
        "order of 4 figures: not agreed, 2 of 6 pairs are swapped (Spearman 0.40)"
    )


def test_other_epochs_are_no_pair_and_keep_no_bound() -> None:
    evidence = gather_fcnn(epochs=2)
    entries = [one for group in fill_tables(evidence)[0].groups for one in group.entries]
    bounded = [one for one in entries if one.published and one.published.at_most and one.measured]
    assert len(bounded) == 4
    assert {one.shortfall for one in bounded} == {"after 2 epochs, published after 10"}
    assert {one.bound for one in bounded} == {""}


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


def test_a_report_gives_away_no_folder(tmp_path: Path) -> None:
    evidence = gather_titanx()
    private = tmp_path / "alice"
    places = tuple(
        msgspec.structs.replace(place, runs=(), reason=f"cannot read {private}/mnist")
        for place in evidence.reproduction.places
    )
    found = msgspec.structs.replace(evidence.reproduction, places=places)
    secrets = Secrets(hosts={}, folders=(str(tmp_path),))
    folder = tmp_path / "report"
    written = write_report(
        folder, msgspec.structs.replace(evidence, reproduction=found), [], secrets
    )
    assert [path.name for path in written] == ["reproduction.json", "tables.csv", "report.md"]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "cannot read " in text or path.suffix == ".csv"
        assert str(tmp_path) not in text


def test_the_records_of_the_earlier_report_are_gone_and_no_others(tmp_path: Path) -> None:
    evidence, secrets = gather_titanx(), Secrets(hosts={})
    first, second = make_run("aaaa"), make_run("bbbb")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "own.json").touch()
    for record in (first, second):
        places = (msgspec.structs.replace(evidence.reproduction.places[2], runs=(record.run_id,)),)
        found = msgspec.structs.replace(evidence.reproduction, places=places)
        one = msgspec.structs.replace(
            evidence, reproduction=found, runs={record.run_id: summarize(record)}
        )
        write_report(tmp_path, one, [record], secrets)
    kept = sorted(path.name for path in (tmp_path / "records").iterdir())
    assert kept == ["bbbb.json", "own.json"]
