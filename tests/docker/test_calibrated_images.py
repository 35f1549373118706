"""The oracle calibrated in its own container, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker


def dlbench(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments, "--results", str(results)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_oracle_is_calibrated_in_its_image(tmp_path: Path) -> None:
    done = dlbench(tmp_path, "calibrate", "-f", "numpy", "--quick", "--engine", "docker", "--json")
    assert done.returncode == 0, done.stderr
    ((row,),) = (table["rows"] for table in json.loads(done.stdout)["tables"])
    assert (row["image"], row["precision"]) == ("numpy-2.4.6", "float64")
    # Any machine multiplies faster than this, and none that there is so fast.
    assert 1e8 < row["peak"]["value"] < 1e15
    assert 1e7 < row["bandwidth"]["value"] < 1e14
    records = [json.loads(file.read_bytes()) for file in tmp_path.rglob("*.json")]
    assert {record["kind"] for record in records} == {"calibration"}
    assert {record["image"]["pinned"] for record in records} == {True}
    # No other table takes them for measurements.
    assert dlbench(tmp_path, "compare").returncode == 4
