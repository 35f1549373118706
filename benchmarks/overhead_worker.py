"""What the worker adds to a step: it drives an adapter that does nothing.

    python benchmarks/overhead_worker.py [--python INTERPRETER ...] [--steps 20000]

Prints, for each interpreter and feed, the microseconds per step of a pipelined block, the median of
stepwise steps (both clock readings included), and of one step in an epoch.  Target: under 10.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from dlbench import job as wire
from dlbench.network import build_task
from dlbench.scenario import Plan, Trials, Warmup, load

ROOT = Path(__file__).resolve().parent.parent
BATCH = 4


def make_job(steps: int, feed: str) -> wire.Job:
    """Return a job of ``steps`` steps in every block, on the network of mnist-mlp."""
    task = build_task(load(ROOT / "scenarios" / "mnist-mlp.yaml"), batch_size=BATCH)
    block = Trials(at_most=steps, at_least=steps)
    none = Trials(at_most=0, at_least=0)
    return wire.Job(
        protocol=wire.PROTOCOL,
        run_id="overhead",
        adapter="nothing.py",
        task=task,
        settings=wire.Settings(axes={}, seed=1, threads=1, device="cpu"),
        plan=Plan(
            warmup=Warmup(at_most=0, at_least=0),
            stepwise=block,
            pipelined=block,
            predict=none,
            epochs=3,
        ),
        data=wire.JobData(kind="synthetic", item="image", synthetic_items=1000 * BATCH),
        items_per_step=BATCH,
        item="image",
        devices=("cpu",),
        feed="host" if feed == "host" else "device",
    )


def measure(python: str, steps: int, feed: str) -> dict[str, float]:
    """Return the seconds of a step by kind of loop."""
    with tempfile.TemporaryDirectory() as name:
        inside, out = Path(name) / "in", Path(name) / "out"
        out.mkdir()
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "dlbench" / "worker", inside / "dlbench_worker", ignore=ignored)
        shutil.copy(Path(__file__).with_name("nothing.py"), inside)
        (inside / "job.json").write_bytes(msgspec.json.encode(make_job(steps, feed)))
        command = [python, "-m", "dlbench_worker", str(inside), str(out), str(out)]
        subprocess.run(command, cwd=inside, check=True)
        result = msgspec.json.decode((out / "result.json").read_bytes(), type=wire.WorkerResult)
    if result.status != "ok":
        sys.exit(f"{python}: {result.status} {result.reason} {result.failure}")
    phases = {phase.name: [float(value) for value in phase.values] for phase in result.phases}
    return {
        "pipelined": phases["pipelined"][0] / steps,
        "stepwise": statistics.median(phases["step"]),
        "epoch": statistics.median(phases["epoch"]) / (phases["epoch_items"][0] / BATCH),
    }


def main() -> None:
    """Measure on each interpreter with each feed, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", help="an interpreter that has NumPy")
    parser.add_argument("--steps", type=int, default=20000)
    options = parser.parse_args()
    for python in options.python or [sys.executable]:
        for feed in ("host", "device"):
            seconds = measure(python, options.steps, feed)
            figures = "  ".join(f"{kind} {1e6 * value:5.2f}" for kind, value in seconds.items())
            print(f"microseconds a step, {feed:<6} feed: {figures}  ({python})")


if __name__ == "__main__":
    main()
