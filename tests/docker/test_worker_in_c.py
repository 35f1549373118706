"""A worker that is no Python: the protocol alone, in C, executed as every other worker is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytestmark = [pytest.mark.docker, pytest.mark.image("torch-2.13.0")]

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "plugins" / "c"


def dlbench(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(PLUGIN),
            "DLBENCH_SCENARIOS": str(PLUGIN / "scenarios"),
            "DLBENCH_RESULTS": str(results),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    fixed = ("--no-parity", "--axis", "threads=1", "--rounds", "1")
    return dlbench(results, "run", "dense-rows", *fixed, *arguments)


def read_record(results: Path, framework: str) -> dict[str, Any]:
    (file,) = (results / "dense-rows" / framework).glob("*.json")
    record: dict[str, Any] = json.loads(file.read_bytes())
    return record


def values(record: dict[str, Any], phase: str) -> list[float]:
    return next(one["values"] for one in record["result"]["phases"] if one["name"] == phase)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of the worker and of the oracle."""
    folder = tmp_path_factory.mktemp("results")
    done = run(folder, "--quick", "-f", "c", "-f", "numpy")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_measures_the_same_network_as_the_oracle(results: Path) -> None:
    record = read_record(results, "c")
    assert record["outcome"]["status"] == "ok"
    assert record["result"]["parameter_count"] == 100 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10
    assert record["result"]["audit"]["weights_changed"]["passed"] is True
    counts = {phase["name"]: len(phase["values"]) for phase in record["result"]["phases"]}
    wanted = {"warmup": 2, "step": 20, "pipelined": 1, "predict": 2, "loss": 23}
    assert {name: counts[name] for name in wanted} == wanted
    assert min(values(record, "step")) > 1e-6
    # The same weights and batches from the seed: every loss is the oracle's, but for rounding.
    expected = values(read_record(results, "numpy"), "loss")
    assert values(record, "loss") == pytest.approx(expected, abs=1e-5)
    assert max(expected) - min(expected) > 0.01
    compared = dlbench(results, "compare").stdout
    assert re.search("^c +torch-2.13.0 +c 1.0 ", compared, re.MULTILINE), compared


def test_what_it_writes_follows_the_schemas(results: Path) -> None:
    record = read_record(results, "c")
    schema = json.loads((ROOT / "docs" / "schemas" / "result.json").read_text())
    jsonschema.validate(record["result"], schema)
    events = [(event["event"], event["name"]) for event in record["events"]]
    assert events == [
        *(("phase", name) for name in ("build", "warmup", "step", "pipelined", "predict")),
        ("end", "ok"),
    ]


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    done = run(tmp_path, "--quick", "-f", "c:momentum=0.9")
    assert done.returncode == 10, done.stdout + done.stderr
    outcome = read_record(tmp_path, "c")["outcome"]
    assert (outcome["how"], outcome["status"]) == ("exited", "unsupported")
    assert outcome["detail"] == "this worker knows plain SGD"


@pytest.mark.full
def test_it_keeps_what_it_measured_when_its_time_is_up(tmp_path: Path) -> None:
    done = run(tmp_path, "-f", "c:width=16384", "--timeout", "15")
    assert done.returncode == 10, done.stdout + done.stderr
    record = read_record(tmp_path, "c")
    assert record["outcome"]["how"] == "timeout"
    assert record["result"]["failure"]["type"] == "Interrupted"
    assert len(values(record, "step")) == 20
