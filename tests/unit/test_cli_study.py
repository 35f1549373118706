"""``dlbench reproduce STUDY`` on a toy framework: what is run, what is not, and the report."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from command_line import CommandLine, Done, assert_explained

from dlbench.published import load as load_published
from dlbench.studies import load as load_study
from dlbench.study_report import gather_evidence, read_folder, render_report

PUBLISHED = """
format: 1
studies:
- id: toy
  title: Rows on two machines
  source: written for the tests
  device: Difference Engine
  scenario: rows
  measure: time_ms
  rows:
  - {framework: faulty, axes: {batch_size: 4}, value: 3.5}
  - {framework: faulty, axes: {batch_size: 8}, value: 7.0}
  - {framework: absent, value: 1.0, note: approximate}
"""

STUDY = """
format: 1
name: toy
title: Rows
summary: For tests
published: toy
work:
  - {scenario: rows, axes: {batch_size: [4, 8]}}
rows:
  - {title: Faulty, framework: faulty, axes: {fault: none}}
  - {title: Refused, framework: faulty, axes: {fault: refused}}
  - {title: Absent, framework: absent}
tables:
  - name: step
    title: Steps
    across: batch_size
    figures: [{title: step, scenario: rows, metric: step, measure: time_ms}]
"""


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "published.yaml").write_text(PUBLISHED, encoding="utf-8")
    (folder / "toy.yaml").write_text(STUDY, encoding="utf-8")
    return folder


def reproduce(dlbench: CommandLine, studies: Path, *arguments: str) -> Done:
    return dlbench(
        *("reproduce", "toy", "--quick", "--no-parity", "--python", sys.executable),
        *arguments,
        DLBENCH_STUDIES=str(studies),
    )


def test_the_plan_names_what_cannot_be_had(dlbench: CommandLine, studies: Path) -> None:
    done = reproduce(dlbench, studies, "--dry-run")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert sum(line.startswith("run      rows on faulty-1.0") for line in lines) == 2
    assert "         this fault is refused before anything starts" in lines
    assert lines[-1] == "absent   absent: no plugin for absent is installed"
    assert dlbench.records() == []


def test_a_second_time_nothing_is_executed(dlbench: CommandLine, studies: Path) -> None:
    first = reproduce(dlbench, studies, "--json", "--output", "out")
    assert first.returncode == 0, first.stderr
    measured = [one for one in dlbench.records() if one["outcome"]["status"] == "ok"]
    assert len(measured) == 2
    second = reproduce(dlbench, studies, "--json", "--output", "out")
    assert second.returncode == 0
    assert "2 of 2 cells have their records (--again ignores them)" in second.stderr
    assert second.stdout == first.stdout
    again = reproduce(dlbench, studies, "--json", "--output", "out", "--again")
    assert again.returncode == 0
    assert len([one for one in dlbench.records() if one["outcome"]["status"] == "ok"]) == 4


def test_what_another_plan_measured_is_executed(dlbench: CommandLine, studies: Path) -> None:
    assert reproduce(dlbench, studies, "--trials", "3", "-f", "faulty:fault=none").returncode == 0
    done = reproduce(dlbench, studies, "-f", "faulty:fault=none")
    assert "have their records" not in done.stderr
    assert len(dlbench.records()) == 4


def test_rounds_that_are_there_count(dlbench: CommandLine, studies: Path) -> None:
    assert reproduce(dlbench, studies, "-f", "faulty:fault=none").returncode == 0
    done = reproduce(dlbench, studies, "-f", "faulty:fault=none", "--rounds", "3")
    assert done.returncode == 0, done.stderr
    assert len(dlbench.records()) == 6


def test_the_table_has_each_place_or_its_reason(dlbench: CommandLine, studies: Path) -> None:
    done = reproduce(dlbench, studies, "--json")
    (table,) = json.loads(done.stdout)["tables"]
    rows = {row["framework"]: row for row in table["rows"]}
    assert rows["Faulty"]["batch_size_4"]["value"] > 0
    assert rows["Faulty"]["published"] == ("0.0035 s at batch_size 4; 0.007 s at batch_size 8")
    assert rows["Refused"]["batch_size_4"]["reason"] == (
        "this fault is refused before anything starts"
    )
    assert rows["Absent"]["batch_size_8"]["reason"] == "not available"
    assert "not available: Absent: no plugin for absent is installed" in table["notes"]
    assert "published of Absent: approximate" in table["notes"]


def test_the_report_comes_out_the_same_from_its_own_records(
    dlbench: CommandLine, studies: Path
) -> None:
    done = reproduce(dlbench, studies, "--output", "out", "--rounds", "1..2", "-f", "faulty")
    assert done.returncode == 0, done.stderr
    folder = dlbench.folder / "out"
    assert sorted(path.name for path in folder.iterdir()) == [
        "records",
        "report.md",
        "reproduction.json",
        "step.png",
        "step.svg",
        "tables.csv",
    ]
    found, records = read_folder(folder)
    evidence = gather_evidence(
        load_study("toy", [studies]), found, records, load_published([studies]), [studies]
    )
    assert found.command == (
        "dlbench reproduce toy --quick --framework faulty --rounds 1..2 --no-parity"
    )
    assert render_report(evidence) == (folder / "report.md").read_text(encoding="utf-8")
    assert str(dlbench.folder) not in (folder / "report.md").read_text(encoding="utf-8")
    assert all(str(dlbench.folder) not in path.read_text() for path in folder.glob("records/*"))


def test_a_run_that_fails_stands_with_its_reason(dlbench: CommandLine, studies: Path) -> None:
    done = reproduce(dlbench, studies, "-f", "faulty:fault=error", "-f", "faulty:fault=none")
    assert_explained(done, 10, "2 of 4 runs did not end well")
    assert "failed: " in done.stdout
    assert len(dlbench.records()) == 4


def test_what_was_interrupted_goes_on_where_it_stopped(dlbench: CommandLine, studies: Path) -> None:
    chosen = ("-f", "faulty:fault=none,slow")
    words = ("reproduce", "toy", "--quick", "--no-parity", "--python", sys.executable, *chosen)
    process = dlbench.start(*words, DLBENCH_STUDIES=str(studies))
    deadline = time.monotonic() + 60
    while len(dlbench.record_files()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    report = (dlbench.folder / "reproduced" / "toy" / "report.md").read_text(encoding="utf-8")
    assert "not executed yet" in report
    done = reproduce(dlbench, studies, *chosen)
    assert done.returncode == 0, done.stderr
    assert "2 of 4 cells have their records (--again ignores them)" in done.stderr
    ended = [one["outcome"]["how"] for one in dlbench.records()]
    assert ended == ["exited", "exited", "interrupted", "exited", "exited"]


def test_two_lines_of_one_cell_share_its_runs(dlbench: CommandLine, studies: Path) -> None:
    chosen = ("-f", "faulty:fault=none", "-f", "faulty==1.0:fault=none")
    done = reproduce(dlbench, studies, *chosen, "--json")
    assert done.returncode == 0, done.stderr
    assert len(dlbench.records()) == 2
    (table,) = json.loads(done.stdout)["tables"]
    assert len(table["rows"]) == 2
    assert table["rows"][0]["batch_size_4"] == table["rows"][1]["batch_size_4"]


def test_nothing_that_can_be_had(dlbench: CommandLine, studies: Path) -> None:
    done = reproduce(dlbench, studies, "-f", "absent")
    assert_explained(done, 11, "absent   absent: no plugin for absent is installed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-f", "tensorflwo"), "unknown framework 'tensorflwo'"),
        (("-f", "faulty==9"), "faulty has no version '9'"),
        (("-f", "faulty:falt=none"), "unknown axis 'falt'"),
        (("--stack", "1999"), "unknown stack '1999'"),
    ],
)
def test_what_is_typed_wrong_is_said(
    dlbench: CommandLine, studies: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert_explained(reproduce(dlbench, studies, *arguments, "--dry-run"), 4, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("titanx-2017", "--band", "2%"), "--band is for a run"),
        (("last", "--quick"), "--quick is for a study"),
        (("0123abcd", "--framework", "torch"), "--framework is for a study"),
    ],
)
def test_options_of_the_other_kind(
    dlbench: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    assert_explained(dlbench("reproduce", *arguments, "--dry-run"), 2, said, "leave it out")


def test_a_name_that_no_run_can_have(dlbench: CommandLine) -> None:
    done = dlbench("reproduce", "titanx", "--dry-run")
    assert_explained(done, 4, "unknown study 'titanx'", "did you mean 'titanx-2017'?")
