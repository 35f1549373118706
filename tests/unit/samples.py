"""Values that several unit tests start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dlbench.engine import BuiltImage, EngineFacts, Exit, Recipe, RunSpec
from dlbench.framework import Framework, Image, Supports
from dlbench.job import (
    PROTOCOL,
    Job,
    JobData,
    Settings,
    Task,
    TaskInput,
    TaskLayer,
    TaskLoss,
    TaskOptimizer,
    TaskTarget,
    Weight,
)
from dlbench.record import CellFacts, Limits, Provenance, ScenarioFacts
from dlbench.runner import PreparedRun
from dlbench.scenario import Plan, Trials, Warmup

ADAPTER = Path(__file__).parent / "adapter.py"

TASK = Task(
    inputs=(TaskInput(name="x", shape=(4,), dtype="float32"),),
    layers=(
        TaskLayer(
            kind="dense",
            name="dense_1",
            inputs=("x",),
            parameters={"units": 3, "bias": True},
            input_shapes=((4,),),
            output_shape=(3,),
            weights=(
                Weight(name="dense_1/kernel", shape=(4, 3), initializer="glorot_uniform"),
                Weight(name="dense_1/bias", shape=(3,), initializer="zeros"),
            ),
        ),
    ),
    output="dense_1",
    output_activation="softmax",
    output_shape=(3,),
    target=TaskTarget(classes=3),
    loss=TaskLoss(kind="softmax_cross_entropy", reduction="mean"),
    optimizer=TaskOptimizer(kind="sgd", parameters={"learning_rate": 0.1}),
    batch_size=2,
)


def make_plan(trials: int = 3, **changes: Any) -> Plan:
    """Return a plan of so many trials in every block."""
    exact = Trials(at_most=trials, at_least=trials)
    blocks: dict[str, Any] = dict.fromkeys(("stepwise", "pipelined", "predict"), exact)
    blocks["warmup"] = Warmup(at_most=trials, at_least=trials)
    return Plan(**(blocks | changes))


def make_job(**changes: Any) -> Job:
    """Return the job of a single dense layer on synthetic data."""
    fields: dict[str, Any] = {
        "protocol": PROTOCOL,
        "run_id": "",
        "adapter": "adapter.py",
        "task": TASK,
        "settings": Settings(axes={}, seed=1, threads=2, device="cpu"),
        "plan": make_plan(),
        "data": JobData(kind="synthetic", item="row", synthetic_items=8),
        "items_per_step": 2,
        "item": "row",
        "devices": ("cpu:0",),
    }
    return Job(**(fields | changes))


def make_framework(name: str = "toy", **changes: Any) -> Framework:
    """Return a framework with one image."""
    fields: dict[str, Any] = {
        "name": name,
        "summary": "a framework for tests",
        "adapter": ADAPTER,
        "images": (Image(id=f"{name}-1.0", versions={name: "1.0"}, stack="2026"),),
        "supports": Supports(layers=("dense",), optimizers=("sgd",)),
    }
    return Framework(**(fields | changes))


def make_prepared_run(**changes: Any) -> PreparedRun:
    """Return a run of the toy framework that is ready to be executed."""
    framework = make_framework()
    run = PreparedRun(
        cell=CellFacts(
            scenario="toy-scenario",
            framework="toy",
            plugin="dlbench-toy",
            plugin_version="0",
            image_id="toy-1.0",
            stack="2026",
            device="cpu",
            axes={"batch_size": "2", "threads": "2"},
        ),
        scenario=ScenarioFacts(
            name="toy-scenario", digest="0123", metric="step", file_text="name: toy-scenario\n"
        ),
        framework=framework,
        image=framework.images[0],
        built=BuiltImage(
            image_id="toy-1.0",
            device="cpu",
            tag="dlbench/toy-1.0:cpu-0123",
            digest="0123",
            engine_id="sha256:0",
            python="python3",
        ),
        job=make_job(),
        limits=Limits(timeout_seconds=600, memory_bytes=2 * 2**30, cpus=(0,), pids=100),
        data_folder=None,
        campaign="campaign",
        round=1,
    )
    return replace(run, **changes)


def make_provenance() -> Provenance:
    """Return where a record of the tests comes from."""
    return Provenance(dlbench="0.1.0", python="3.11", command_line=("dlbench", "run"))


class ScriptedEngine:
    """Ends every run as ``ended`` says, after ``act`` has played the worker."""

    name = "scripted"

    def __init__(self, act: Callable[[RunSpec], None], ended: Exit) -> None:
        self.act = act
        self.ended = ended
        self.specs: list[RunSpec] = []

    def facts(self) -> EngineFacts:
        return EngineFacts(name=self.name)

    def check_device(self, device: str) -> None:
        """Every device is there."""

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        return None

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        raise NotImplementedError

    def execute(self, spec: RunSpec) -> Exit:
        self.specs.append(spec)
        self.act(spec)
        return self.ended

    def cpu_seconds(self) -> float | None:
        return None

    def interrupt(self) -> None:
        """Nothing runs for long here."""
