"""Keras on TensorFlow changes weights before all gradients have read them; parity catches that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.image("tensorflow-1.0.0")]

#: Many layers, so that one of them is all but sure to be changed too early in every step.
DEEP = """
format: 1
name: deep
data:
  dataset: synthetic
  items: 128
  inputs:
    vector: {shape: [256]}
  target: {classes: 10}
network:
LAYERS
  - dense: 10
  - softmax
loss: {cross_entropy: {reduction: mean}}
optimizer: {sgd: {learning_rate: 0.01}}
batch_size: 64
plans:
  full: {warmup: 1}
  quick: {warmup: 1}
""".replace("LAYERS", "\n".join(["  - dense: 256\n  - tanh"] * 8))


def test_parity_catches_the_race_and_passes_the_gate(tmp_path: Path) -> None:
    scenario = tmp_path / "deep.yaml"
    scenario.write_text(DEEP, encoding="utf-8")
    places = {f"DLBENCH_{name.upper()}": str(tmp_path / name) for name in ("results", "cache")}
    chosen = ("-f", "keras==tensorflow-1.0.0:updates=gated,stock")
    done = subprocess.run(
        [sys.executable, "-m", "dlbench", "verify", str(scenario), *chosen],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 12, done.stdout + done.stderr
    assert re.search("updates=gated .* passed", done.stdout), done.stdout
    assert re.search("updates=stock .* failed", done.stdout), done.stdout
    assert re.search(r"gradients: failed, .* first at dense_\d/kernel", done.stdout), done.stdout
