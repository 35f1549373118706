"""What ``dlbench run`` says before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import SCENARIOS, CommandLine, assert_explained, run_arguments
from comparisons import make_rounds

from dlbench.cli.display import Display
from dlbench.rounds import Rounds
from dlbench.standings import judge_records


def write_mnist_scenario(folder: Path) -> None:
    text = (SCENARIOS / "rows.yaml").read_text(encoding="utf-8")
    text = text.replace("dataset: synthetic", "dataset: mnist").replace("  items: 64\n", "")
    text = text.replace("row: {shape: [20]}", "image: {shape: [784], divide_by: 255}")
    text = text.replace("classes: 3", "classes: 10").replace("- dense: 3", "- dense: 10")
    (folder / "pixels.yaml").write_text(text.replace("name: rows", "name: pixels"), "utf-8")


def test_plan_names_cells_refusals_and_what_is_missing(tmp_path: Path) -> None:
    write_mnist_scenario(tmp_path)
    done = CommandLine(tmp_path)(
        *("run", "./pixels.yaml", "-f", "faulty:fault=none,refused", "--axis", "precision=float32"),
        *("--engine", "venv", "--quick", "--trials", "7", "--rounds", "3", "--dry-run"),
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert [line for line in lines if not line.startswith((" ", "run", "refused"))] == [
        "plan     pixels: quick: warm-up 1, stepwise 7, pipelined 7, predict 1, 3 rounds",
        "fetch    mnist",
        "build    faulty-1.0 (cpu)",
        "build    numpy-2.4.6 (cpu)",
    ]
    assert sum(line.startswith("run ") for line in lines) == 1
    assert "         this fault is refused before anything starts" in lines
    assert list(tmp_path.iterdir()) == [tmp_path / "pixels.yaml"]


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ((), ", 5 to 15 rounds (until verdicts; for a look: --rounds 1)"),
        (("--rounds", "1"), ", 1 round"),
        (("--rounds", "5..9"), ", 5 to 9 rounds"),
        (("--trials", "5"), ", 1 round (a look; for verdicts: --rounds 5..15)"),
        (("--trials", "5", "--rounds", "4"), ", 4 rounds"),
        (("--quick",), ", 1 round"),
        (("--quick", "--rounds", "5..15"), ", 5 to 15 rounds"),
    ],
)
def test_plan_says_how_many_rounds(tmp_path: Path, arguments: tuple[str, ...], end: str) -> None:
    done = CommandLine(tmp_path)("run", "rows", "-f", "faulty", "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("plan"))
    assert line.endswith(f"predict 1{end}")


def test_rounds_that_are_no_number(tmp_path: Path) -> None:
    done = CommandLine(tmp_path)("run", "rows", "-f", "faulty", "--rounds", "many")
    assert_explained(done, 2, "--rounds 'many' is no number of rounds", "a span such as 5..15")


def test_progress_says_which_round_it_is_and_how_the_cells_stand(tmp_path: Path) -> None:
    arguments = (*run_arguments("none"), "-f", "faulty:fault=print", "--rounds", "2..3")
    done = CommandLine(tmp_path)(*arguments)
    assert done.returncode == 0, done.stderr
    starts = [line.partition("]")[0] for line in done.stderr.splitlines() if line.startswith("[")]
    assert list(dict.fromkeys(starts)) == [
        f"[round {number} of 2 to 3, {place}/2" for number in (1, 2, 3) for place in (1, 2)
    ]
    said = [line for line in done.stderr.splitlines() if line.startswith("round")]
    assert [line.partition(":")[0] for line in said] == [
        f"round {number} of 2 to 3" for number in (1, 2, 3)
    ]
    assert all("not enough data (" in line for line in said)
    assert "a round takes " in done.stderr
    assert "rank" in done.stdout


def test_standings_of_several_works_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    works = [
        [*make_rounds("torch", 0.5, (1.0,), scenario=name), *make_rounds("jax", 1.0, (1.0,))]
        for name in ("tiny", "small")
    ]
    standings = [standing for work in works if (standing := judge_records(work))]
    with Display() as display:
        display.end_round(2, Rounds(5, 15), standings)
        display.end_round(2, Rounds(5, 15), [])
    missing = "torch-2.13.0 / jax-1.0 0.500: not enough data (about 4 more rounds)"
    assert capsys.readouterr().err.splitlines() == [
        f"round 2 of 5 to 15: tiny: {missing}",
        f"round 2 of 5 to 15: small: {missing}",
        "round 2 of 5 to 15: done",
    ]
