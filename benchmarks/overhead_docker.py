"""What ``dlbench run`` costs beyond the worker, with the image present.

    python benchmarks/overhead_docker.py [--repeats 7]

Executes a tiny network on the oracle in its container, and ``docker run --rm IMAGE true`` in turn.
The worker's own time is that of its last event, plus the start of its interpreter with NumPy
(``docker run ... python -c 'import numpy'`` less ``docker run ... true``).  Target: what is left
is at most ``docker run ... true`` + 0.3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIO = """
format: 1
name: overhead
summary: One small dense layer on random rows
source: written to measure what a run costs
metric: step
data:
  dataset: synthetic
  item: row
  items: 64
  inputs:
    row: {shape: [20]}
  target: {classes: 3}
network:
  - dense: 3
  - softmax
loss: {cross_entropy: {reduction: mean}}
optimizer: {sgd: {learning_rate: 0.1}}
batch_size: 8
plans:
  full: {warmup: 2, stepwise: 20, pipelined: 20, predict: 1}
  quick: {warmup: 1, stepwise: 5, pipelined: 5, predict: 1}
"""


def time_command(command: list[str], variables: dict[str, str]) -> float:
    """Return the seconds that ``command`` takes from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **variables})
    return time.perf_counter() - begin


def run_dlbench(folder: Path) -> tuple[float, float, str]:
    """Return the seconds of a run as a whole, the worker's own, and the image's tag."""
    scenario = folder / "overhead.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    results = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "dlbench", "run", str(scenario), "-f", "numpy"]
    command += ["--engine", "docker", "--rounds", "1", "--results", str(results)]
    whole = time_command(command, {})
    records = [json.loads(path.read_bytes()) for path in results.rglob("*.json")]
    # The parity run beside it is known after the first time.
    (record,) = [record for record in records if record["kind"] == "measurement"]
    own = max(event["seconds"] for event in record["events"])
    return whole, own, record["image"]["tag"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    bare: list[float] = []
    imports: list[float] = []
    left: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        _, _, tag = run_dlbench(Path(name))  # builds the image where it is not there yet
        start = ["docker", "run", "--rm", "--network", "none", tag]
        for _ in range(repeats):
            bare.append(time_command([*start, "true"], {}))
            imports.append(time_command([*start, "/opt/venv/bin/python", "-c", "import numpy"], {}))
            whole, own, _ = run_dlbench(Path(name))
            left.append(whole - own)
    true_seconds = statistics.median(bare)
    interpreter_seconds = statistics.median(imports) - true_seconds
    beyond = statistics.median(left) - interpreter_seconds
    print(f"docker run true                {true_seconds:6.3f} s (median of {repeats})")
    print(f"interpreter and NumPy          {interpreter_seconds:6.3f} s")
    print(f"dlbench run beyond the worker  {beyond:6.3f} s")
    print(f"more than docker run true      {beyond - true_seconds:6.3f} s (target: at most 0.3)")


if __name__ == "__main__":
    main()
