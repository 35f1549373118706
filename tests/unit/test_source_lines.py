"""The kept source lines are those of the scripts, by the rule and the tool that the file names."""

from __future__ import annotations

from pathlib import Path

import pytest
from source_lines import ROOT, count_lines, name_tool, read_kept, recount, write

KEPT = read_kept()
SCRIPTS = [row["file"] for row in KEPT["scripts"]]
#: By language, what stands in every script that reports epochs, and in no other.
REPORTS = {".py": "from epochs import", ".java": "options.report("}


@pytest.mark.parametrize("row", KEPT["scripts"], ids=SCRIPTS)
def test_the_kept_count_is_that_of_the_script(row: dict[str, object]) -> None:
    assert count_lines(ROOT / str(row["file"])) == row["lines"]


def test_the_tool_is_the_one_that_counts_here() -> None:
    assert KEPT["tool"] == name_tool()


def test_every_script_of_epochs_is_counted() -> None:
    folder = ROOT / "benchmarks" / "handwritten"
    scripts = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(folder.iterdir())
        if path.suffix in REPORTS and REPORTS[path.suffix] in path.read_text(encoding="utf-8")
    ]
    assert sorted(SCRIPTS) == scripts


def test_code_and_data_count_but_no_comment_and_no_bracket_alone(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        '"""A docstring\n\nof three lines."""\n\n# A comment.\nimport time  # and another\n\n'
        'NAMES = [\n    "one",\n    "two",\n]\n\n\n'
        'def main():\n    """Do it."""\n    print(NAMES)\n',
        encoding="utf-8",
    )
    assert count_lines(script) == 6


def test_writing_changes_counts_and_tool_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "studies" / "source_lines.yaml").read_text(encoding="utf-8")
    stale = tmp_path / "source_lines.yaml"
    stale.write_text(
        text.replace(KEPT["tool"], "pygount 0").replace("lines: ", "lines: 1"), encoding="utf-8"
    )
    monkeypatch.setattr("source_lines.KEPT", stale)
    write(recount(read_kept()))
    assert stale.read_text(encoding="utf-8") == text
