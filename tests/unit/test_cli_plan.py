"""What ``dlbench run`` says before anything starts."""

from __future__ import annotations

from pathlib import Path

from command_line import SCENARIOS, CommandLine


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
    ]
    assert sum(line.startswith("run ") for line in lines) == 1
    assert "         this fault is refused before anything starts" in lines
    assert list(tmp_path.iterdir()) == [tmp_path / "pixels.yaml"]
