"""Real interpreters, and real workers started on them.

``DLBENCH_TEST_PYTHONS`` names interpreters that have NumPy, separated by colons; without it, the
current one and ``python2.7`` from the path are taken.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dlbench import job as wire
from dlbench.scenario import Plan, Trials, Warmup

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = Path(__file__).parent / "adapters"
ORACLE = ROOT / "plugins" / "numpy" / "dlbench_numpy"
WHICH = "import sys, numpy; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that has NumPy."""

    path: str
    version: str


def find_interpreters() -> list[Interpreter]:
    """Return the interpreters to test on; each must import NumPy."""
    named = os.environ.get("DLBENCH_TEST_PYTHONS", "")
    paths = [path for path in named.split(":") if path]
    if not paths:
        paths = [sys.executable, shutil.which("python2.7") or ""]
    return [Interpreter(path, version) for path in paths if path and (version := version_of(path))]


def version_of(path: str) -> str:
    """Return the Python version of an interpreter, nothing where it does not run or lacks NumPy."""
    try:
        done = subprocess.run([path, "-c", WHICH], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def exactly(count: int) -> Trials:
    return Trials(at_most=count, at_least=count)


def warm_up(count: int) -> Warmup:
    return Warmup(at_most=count, at_least=count)


PLAN = Plan(warmup=warm_up(2), stepwise=exactly(4), pipelined=exactly(3), predict=exactly(2))


def dense(name: str, source: str, shape: tuple[int, int]) -> wire.TaskLayer:
    return wire.TaskLayer(
        kind="dense",
        name=name,
        inputs=(source,),
        parameters={"units": shape[1], "bias": True},
        input_shapes=(shape[:1],),
        output_shape=shape[1:],
        weights=(
            wire.Weight(name=f"{name}/kernel", shape=shape, initializer="glorot_uniform"),
            wire.Weight(name=f"{name}/bias", shape=shape[1:], initializer="zeros"),
        ),
    )


SGD = wire.TaskOptimizer(
    kind="sgd",
    parameters={"learning_rate": 0.1, "momentum": 0.0, "nesterov": 0.0, "decay": 0.0},
)

TASK = wire.Task(
    inputs=(wire.TaskInput(name="x", shape=(6,), dtype="float32"),),
    layers=(dense("hidden", "x", (6, 5)), dense("scores", "hidden", (5, 3))),
    output="scores",
    output_activation="softmax",
    output_shape=(3,),
    target=wire.TaskTarget(classes=3),
    loss=wire.TaskLoss(kind="softmax_cross_entropy", reduction="mean"),
    optimizer=SGD,
    batch_size=4,
    precision=wire.Precision(storage="float64", compute="float64", accumulation="float64"),
)


def make_job(**changes: Any) -> wire.Job:
    """Return a job of 18 synthetic items in batches of 4, with ``changes``."""
    job = wire.Job(
        protocol=wire.PROTOCOL,
        run_id="0123",
        adapter="adapter.py",
        task=TASK,
        settings=wire.Settings(axes={}, seed=11, threads=1, device="cpu"),
        plan=PLAN,
        data=wire.JobData(kind="synthetic", item="row", synthetic_items=18),
        items_per_step=4,
        item="row",
        devices=("cpu",),
    )
    return msgspec.structs.replace(job, **changes)


class Worker:
    """Starts the real worker on an interpreter, in folders laid out as the protocol says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inside, self.out, self.data = (folder / name for name in ("in", "out", "data"))

    def lay_out(self, job: wire.Job, adapter: str) -> None:
        """Write the inputs.

        ``oracle`` is the NumPy plugin, ``dishonest`` derives from it, an adapter of the folder
        ``faulty`` is that with one fault, and all else is a toy.
        """
        for folder in (self.inside, self.out, self.data):
            folder.mkdir(exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "dlbench" / "worker", self.inside / "dlbench_worker", ignore=ignored)
        faulty = (ADAPTERS / "faulty" / f"{adapter}.py").is_file()
        if faulty or adapter in {"oracle", "dishonest"}:
            for file in ORACLE.glob("adapter*.py"):
                shutil.copy(file, self.inside)
        if faulty:
            for file in (ADAPTERS / "faulty").glob("*.py"):
                shutil.copy(file, self.inside)
            job = msgspec.structs.replace(job, adapter=f"{adapter}.py")
        elif adapter == "dishonest":
            shutil.copy(ADAPTERS / "dishonest.py", self.inside)
        elif adapter != "oracle":
            shutil.copy(ADAPTERS / f"{adapter}.py", self.inside / "adapter.py")
            shutil.copy(ADAPTERS / "quiet.py", self.inside)
        (self.inside / "job.json").write_bytes(msgspec.json.encode(job))

    def start(self, interpreter: Interpreter) -> subprocess.Popen[bytes]:
        """Start the worker and return its process."""
        folders = [str(folder) for folder in (self.inside, self.out, self.data)]
        return subprocess.Popen(
            [interpreter.path, "-m", "dlbench_worker", *folders],
            cwd=self.inside,
            env={**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def do(self, interpreter: Interpreter, job: wire.Job, adapter: str) -> wire.WorkerResult:
        """Do ``job`` to its end and return the result."""
        self.lay_out(job, adapter)
        process = self.start(interpreter)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out + err).decode(errors="replace")
        assert not (self.out / "result.json.part").exists()
        return self.result()

    def result(self) -> wire.WorkerResult:
        """Return the result, checked against the wire format."""
        return msgspec.json.decode((self.out / "result.json").read_bytes(), type=wire.WorkerResult)

    def events(self) -> list[wire.Event]:
        """Return the events, each checked against the wire format."""
        lines = (self.out / "events.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=wire.Event) for line in lines]

    def calls(self) -> list[list[Any]]:
        """Return what a toy adapter noted of how it was called."""
        lines = (self.out / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def values(result: wire.WorkerResult, name: str) -> list[wire.Number]:
    """Return the values of a phase; an error where the result has none of the name."""
    return next(phase.values for phase in result.phases if phase.name == name)
