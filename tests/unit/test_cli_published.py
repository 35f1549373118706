"""``dlbench published``, and ``dlbench compare --against``."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from command_line import CommandLine, assert_explained
from golden import check_golden

STUDY = """
    format: 1
    studies:
    - id: rows-2016
      title: Rows, timed by hand
      source: a notebook
      device: an abacus
      scenario: rows
      measure: time_ms
      rows:
      - {framework: faulty, value: 2.5, note: approximate}
      - {framework: caffe, value: 4.0}
"""


@pytest.fixture
def own_studies(tmp_path: Path) -> str:
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "published.yaml").write_text(dedent(STUDY), encoding="utf-8")
    return str(folder)


def test_list(dlbench: CommandLine) -> None:
    done = dlbench("published", "list")
    assert done.returncode == 0
    check_golden("published-list.txt", done.stdout)
    studies = json.loads(dlbench("published", "list", "--json").stdout)
    assert [study["study"] for study in studies][:2] == ["titanx-2017", "vgg-toy-2015"]


@pytest.mark.parametrize("study", ["fcnn-mnist-2016", "vgg-benchmarks"])
def test_show(dlbench: CommandLine, study: str) -> None:
    done = dlbench("published", "show", study)
    assert done.returncode == 0
    check_golden(f"published-show-{study}.txt", done.stdout)


def test_show_for_programs(dlbench: CommandLine) -> None:
    found = json.loads(dlbench("published", "show", "titanx-2017", "--json").stdout)
    assert found["device"] == "NVIDIA Maxwell Titan X"
    assert [row["value"] for row in found["rows"]] == [
        362.206, 241.478, 365.122, 300.424, 298.478, 294.063
    ]  # fmt: skip


def test_own_studies_come_first(dlbench: CommandLine, own_studies: str) -> None:
    done = dlbench("published", "list", DLBENCH_STUDIES=own_studies)
    assert done.stdout.splitlines()[2].startswith("rows-2016")


def test_unknown_study(dlbench: CommandLine) -> None:
    done = dlbench("published", "show", "titan-2017")
    assert_explained(done, 4, "'titan-2017'", "did you mean 'titanx-2017'?")


def test_a_wrong_file_is_named(dlbench: CommandLine, own_studies: str) -> None:
    path = Path(own_studies, "published.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("time_ms", "time"), encoding="utf-8")
    done = dlbench("published", "list", DLBENCH_STUDIES=own_studies)
    assert_explained(done, 3, str(path), "unknown measure 'time'", "docs/studies.md")


def test_compare_against(dlbench: CommandLine, own_studies: str) -> None:
    assert dlbench.run("none").returncode == 0
    done = dlbench("compare", "--against", "rows-2016", DLBENCH_STUDIES=own_studies)
    assert done.returncode == 0, done.stderr
    assert "rows: training step, beside rows-2016" in done.stdout
    assert "published: on an abacus" in done.stdout
    assert "quick plan" in done.stdout
    table = json.loads(
        dlbench(
            "compare", "--against", "rows-2016", "--format", "json", DLBENCH_STUDIES=own_studies
        ).stdout
    )["tables"][0]
    ours, others = table["rows"]
    assert ours["ratio"]["value"] == pytest.approx(ours["measured"]["value"] / 0.0025)
    assert others["measured"]["reason"] == "not measured"


def test_compare_against_what_was_not_measured(dlbench: CommandLine) -> None:
    assert dlbench.run("none").returncode == 0
    done = dlbench("compare", "--against", "titanx-2017")
    assert_explained(done, 4, "of titanx-2017 (vgg16)", "dlbench run vgg16")
    done = dlbench("compare", "--against", "titan-2017")
    assert_explained(done, 4, "did you mean 'titanx-2017'?")


@pytest.mark.parametrize(
    "option", [["--by", "layout"], ["--metric", "step"], ["--target", "0.9"], ["--strict"]]
)
def test_compare_against_has_tables_of_its_own(dlbench: CommandLine, option: list[str]) -> None:
    done = dlbench("compare", "--against", "titanx-2017", *option)
    assert_explained(done, 2, "--against", option[0])
