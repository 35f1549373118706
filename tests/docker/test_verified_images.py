"""Verification through the command line, in real containers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker

FAULTY = Path(__file__).parent.parent / "plugins" / "faulty"
POOLED = """
format: 1
name: pooled
data:
  dataset: synthetic
  items: 16
  inputs:
    image: {shape: [6, 6, 3]}
  target: {classes: 10}
network:
  - convolution: {filters: 8, kernel: 3, padding: same}
  - relu
  - max_pool: 2
  - flatten
  - dense: 10
  - softmax
loss: {cross_entropy: {reduction: mean}}
optimizer: {sgd: {learning_rate: 0.01}}
batch_size: 8
plans:
  full: {warmup: 1}
  quick: {warmup: 1}
"""


def dlbench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "PYTHONPATH": str(FAULTY),
        "DLBENCH_SCENARIOS": str(FAULTY / "scenarios"),
        "DLBENCH_RESULTS": str(folder / "results"),
        "DLBENCH_CACHE": str(folder / "cache"),
    }
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_single_precision_and_another_era_pass(tmp_path: Path) -> None:
    chosen = ("-f", "numpy:precision=float32", "-f", "tensorflow==1.0.0")
    done = dlbench(tmp_path, "verify", "mnist-mlp", *chosen, "--memory", "4g")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("numpy-2.4.6 +batch_size=128 precision=float32 +passed", done.stdout)
    assert re.search("tensorflow-1.0.0 .* passed", done.stdout)
    # The oracle's arrays were made once, and what is known is not executed again.
    assert done.stderr.count("the oracle's arrays") == 1
    again = dlbench(tmp_path, "verify", "mnist-mlp", *chosen, "--json")
    assert "[parity" not in again.stderr
    report = json.loads(again.stdout)
    assert {one["parity"]["verdict"] for one in report} == {"passed"}
    assert [len(one["parity"]["checks"]) for one in report] == [14, 14]


def test_a_frozen_weight_fails_and_its_row_is_barred(tmp_path: Path) -> None:
    chosen = ("-f", "faulty:fault=none,frozen", "--quick", "--memory", "256m")
    done = dlbench(tmp_path, "run", "rows", *chosen)
    assert done.returncode == 12, done.stderr
    assert "parity   passed by 1 of 2 cells" in done.stderr
    said = "gradients: first at dense_1/bias: 1; 1 of 2 weights differ"
    assert f"  rows on faulty-1.0 fault=frozen: parity failed: {said}" in done.stderr
    (row,) = (line for line in done.stdout.splitlines() if " frozen " in line)
    assert f"parity failed: {said}" in row
    verified = dlbench(tmp_path, "verify", "rows", "-f", "faulty:fault=frozen")
    assert verified.returncode == 12, verified.stderr
    assert "[parity" not in verified.stderr
    assert "gradients: failed, 1 (bound 0.05); first at dense_1/bias: 1" in verified.stdout


def test_a_worker_that_dies_leaves_no_verdict(tmp_path: Path) -> None:
    done = dlbench(tmp_path, "verify", "rows", "-f", "faulty:fault=crash", "--memory", "256m")
    assert done.returncode == 10, done.stderr
    assert "SIGABRT" in done.stdout
    assert "parity could not be checked for 1 of 1 cells" in done.stderr


@pytest.mark.full
def test_a_compiler_that_loses_gradients_is_caught(tmp_path: Path) -> None:
    """torch.compile 2.13.0 itself: benchmarks/handwritten/compiled_pool_torch.py shows it alone."""
    scenario = tmp_path / "pooled.yaml"
    scenario.write_text(POOLED)
    done = dlbench(tmp_path, "verify", str(scenario), "-f", "torch:compile=off,on")
    assert done.returncode == 12, done.stdout + done.stderr
    assert re.search("compile=off .* passed", done.stdout)
    assert "gradients: failed, 1 (bound 0.05); first at convolution_1/kernel: 1" in done.stdout
