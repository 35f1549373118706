"""A study in real containers: verified, interrupted, gone on with, and its report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker

SCENARIOS = Path(__file__).parents[1] / "plugins" / "faulty" / "scenarios"

PUBLISHED = """
format: 1
studies:
- id: formats
  title: Rows in two formats
  source: written for the tests
  scenario: rows
  measure: time_ms
  rows:
  - {framework: numpy, axes: {precision: float32}, value: 1.0}
  - {framework: numpy, axes: {precision: float64}, value: 1.5}
"""

STUDY = """
format: 1
name: formats
title: Rows
summary: For tests
published: formats
work:
  - {scenario: rows}
rows:
  - {title: single, framework: numpy, axes: {precision: float32}}
  - {title: double, framework: numpy, axes: {precision: float64}}
tables:
  - {name: step, title: Steps, figures: [
      {title: step, scenario: rows, metric: step, measure: time_ms}]}
"""


def reproduce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Reproduce the study on the engine that is there; records lie below ``folder``."""
    studies = folder / "studies"
    studies.mkdir(exist_ok=True)
    (studies / "published.yaml").write_text(PUBLISHED, encoding="utf-8")
    (studies / "formats.yaml").write_text(STUDY, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "dlbench", "reproduce", "formats", "--quick", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "DLBENCH_STUDIES": str(studies),
            "DLBENCH_SCENARIOS": str(SCENARIOS),
            "DLBENCH_RESULTS": str(folder / "results"),
            "DLBENCH_CACHE": str(folder / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_one_line_more_costs_only_its_own_runs(tmp_path: Path) -> None:
    first = reproduce(tmp_path, "-f", "numpy:precision=float32", "--engine", "docker")
    assert first.returncode == 0, first.stderr
    done = reproduce(tmp_path, "--engine", "docker")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 cells have their records (--again ignores them)" in done.stderr
    assert "order of 2 figures: " in done.stdout
    report = tmp_path / "reproduced" / "formats"
    assert (report / "step.svg").stat().st_size > 0
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "| single" in text
    assert "parity not run" not in text
    assert len(list((report / "records").glob("*.json"))) == 2
