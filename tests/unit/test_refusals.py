"""Records of cells that were refused before anything was executed."""

from __future__ import annotations

from pathlib import Path

from command_line import CommandLine, run_arguments

from dlbench.store import Store


def refuse(folder: Path, *others: str) -> CommandLine:
    dlbench = CommandLine(folder)
    done = dlbench(*run_arguments("none"), "-f", "faulty:fault=refused", *others)
    assert done.returncode == 0, done.stderr
    assert "unsupported: this fault is refused before anything starts" in done.stdout
    return dlbench


def test_a_later_table_says_why_a_cell_is_missing(tmp_path: Path) -> None:
    dlbench = refuse(tmp_path)
    good, refused = Store(dlbench.results).select().runs
    assert (good.ok, refused.ok, refused.how) == (True, False, "refused")
    assert refused.campaign == good.campaign
    assert refused.conditions.digest == good.conditions.digest
    table = dlbench("compare")
    assert table.returncode == 0, table.stderr
    assert "unsupported: this fault is refused before anything starts" in table.stdout
    assert "not equal" not in table.stdout
    assert "dlbench show" not in table.stdout, "there is no more to be read"


def test_the_record_shows_what_was_asked_for_and_nothing_else(tmp_path: Path) -> None:
    dlbench = refuse(tmp_path)
    shown = dlbench("show", "last")
    assert shown.returncode == 0, shown.stderr
    assert "refused" in shown.stdout
    record = Store(dlbench.results).load("last")
    assert record.cell.axes["fault"] == "refused"
    assert record.job.settings.axes == {"fault": "refused"}
    assert record.job.run_id == record.run_id
    assert (record.result, record.events, record.image.tag) == (None, [], "")
    assert record.environment.load_before is None
    assert record.outcome.wall_seconds == 0


def test_a_refused_cell_of_a_parameter_is_recorded_with_its_value(tmp_path: Path) -> None:
    dlbench = refuse(tmp_path, "--batch-size", "4,8")
    refused = [run for run in Store(dlbench.results).select().runs if run.how == "refused"]
    assert {run.conditions.facts["batch size"] for run in refused} == {"4", "8"}
    assert len(refused) == 2


def test_where_all_is_refused_there_is_nothing_to_stand_beside(tmp_path: Path) -> None:
    dlbench = CommandLine(tmp_path)
    assert dlbench(*run_arguments("refused")).returncode == 11
    assert dlbench.records() == []
