"""Hand-built records for the tests of storing, comparing and showing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from samples import TASK, make_job, make_plan

from dlbench.job import PROTOCOL, Failure, Job, Number, Phase, WorkerResult
from dlbench.record import (
    SCHEMA,
    CellFacts,
    Environment,
    ImageFacts,
    Limits,
    Outcome,
    ParityFacts,
    Provenance,
    Record,
    ScenarioFacts,
    Status,
)

DIGEST = "5ce0" * 16

FILE_TEXT = "format: 1\nname: tiny\nmetric: step\n"

PASSED = ParityFacts(verdict="passed", key="50fa", run_id="9a9a00000001")

TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/home/alice/frameworks/adapter.py", line 7, in build\n'
    '  File "/opt/venv/lib/python3.11/site-packages/torch/nn/modules/conv.py", line 3, in f\n'
    "RuntimeError: no such kernel\n"
)


def once(name: str, value: Number, unit: str = "s") -> Phase:
    return Phase(name=name, kind="once", unit=unit, clock="perf_counter", values=[value])


def each(name: str, values: Sequence[Number], unit: str = "s") -> Phase:
    return Phase(name=name, kind="each", unit=unit, clock="perf_counter", values=list(values))


def make_phases(step: float = 0.5, **changes: Phase) -> list[Phase]:
    """Return the phases of a run whose step takes ``step`` seconds; ``changes`` replaces some."""
    phases = {
        "import": once("import", 2.0),
        "build": once("build", 1.25),
        "first_step": once("first_step", step * 4),
        "warmup": each("warmup", [step * 4, step * 1.1]),
        "step": each("step", [step * factor for factor in (1.08, 1.02, 1.04, 1.06, 1.1)]),
        "pipelined": Phase(
            name="pipelined",
            kind="block",
            unit="s",
            clock="perf_counter",
            values=[step * 10],
            count=10,
        ),
        "loss": each("loss", [2.302, 2.1, 1.9], "1"),
        "predict": each("predict", [0.31, 0.3, 0.32]),
        "peak_memory": once("peak_memory", 3 * 2**30, "bytes"),
    }
    return list({**phases, **changes}.values())


def make_result(phases: Sequence[Phase], **changes: Any) -> WorkerResult:
    result = WorkerResult(
        protocol=PROTOCOL,
        status="ok",
        phases=list(phases),
        versions={"torch": "2.13.0+cpu", "python": "3.11.2"},
        settings={"built": {"threads": 2}, "finished": {"threads": 2, "tf32": False}},
        audit={
            "weights_changed": {"passed": True, "unchanged": []},
            "synchronization": {"passed": None, "steps": 3},
        },
        clock={"name": "perf_counter", "resolution_seconds": 1e-9},
        parameter_count=7850,
        packages={"torch": "2.13.0", "numpy": "2.4.6"},
    )
    return msgspec.structs.replace(result, **changes)


def make_step_job(run_id: str = "", **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "run_id": run_id,
        "task": msgspec.structs.replace(TASK, batch_size=16),
        "plan": make_plan(10),
        "items_per_step": 16,
        "item": "image",
    }
    return make_job(**(fields | changes))


def make_cell(framework: str = "torch", **changes: Any) -> CellFacts:
    versions = {"torch": "2.13.0", "tensorflow": "2.21.0", "numpy": "2.4.6"}
    cell = CellFacts(
        scenario="tiny",
        framework=framework,
        plugin=f"dlbench-{framework}",
        plugin_version="0.1.0",
        image_id=f"{framework}-{versions.get(framework, '1.0')}",
        stack="2026",
        device="cpu",
        axes={},
    )
    return msgspec.structs.replace(cell, **changes)


def make_outcome(
    how: Literal["exited", "timeout", "oom", "interrupted", "lost"] = "exited",
    status: Status = "ok",
    **changes: Any,
) -> Outcome:
    outcome = Outcome(how=how, status=status, exit_code=0, wall_seconds=31.5)
    return msgspec.structs.replace(outcome, **changes)


def make_environment(**changes: Any) -> Environment:
    environment = Environment(
        host="wonderland",
        operating_system="Debian GNU/Linux 12",
        kernel="6.1.0",
        cpu_model="Example CPU 9000",
        cpu_count=2,
        cpu_features=("avx2", "avx512f"),
        memory_bytes=24 * 2**30,
        load_before=(0.1, 0.2, 0.3),
        load_after=(1.9, 1.0, 0.6),
        engine={"name": "docker", "version": "20.10.24"},
    )
    return msgspec.structs.replace(environment, **changes)


def make_record(run_id: str = "aaaa00000001", **changes: Any) -> Record:
    """Return the record of a run that went well; ``changes`` replaces fields of it."""
    cell = changes.get("cell") or make_cell()
    version = cell.image_id.rpartition("-")[2]
    record = Record(
        schema=SCHEMA,
        run_id=run_id,
        started="2026-11-01T10:00:00+00:00",
        campaign="c001",
        round=1,
        cell=cell,
        scenario=ScenarioFacts(
            name=cell.scenario, digest=DIGEST, metric="step", file_text=FILE_TEXT
        ),
        image=ImageFacts(
            image_id=cell.image_id,
            device=cell.device,
            tag=f"dlbench/{cell.image_id}:0123456789ab",
            context_digest="0123456789ab",
            engine_id="sha256:beef",
            pinned=True,
            versions={cell.framework: version},
            packages={"torch": "2.13.0"},
        ),
        job=make_step_job(run_id),
        limits=Limits(timeout_seconds=600.0, memory_bytes=2 * 2**30, cpus=(0, 1), pids=4096),
        outcome=make_outcome(),
        result=make_result(make_phases(), versions={cell.framework: version, "python": "3.11.2"}),
        events=[],
        environment=make_environment(),
        provenance=Provenance(
            dlbench="0.1.0", python="3.11.2", command_line=("dlbench", "run", "tiny")
        ),
        parity=PASSED,
    )
    return msgspec.structs.replace(record, **changes)


def make_failure(
    run_id: str, how: Any = "exited", status: Status = "failed", **changes: Any
) -> Record:
    """Return the record of a run that went wrong; ``detail`` goes to its outcome."""
    detail = changes.pop("detail", "")
    outcome = make_outcome(how, status, detail=detail, log_tail="loading\ndied")
    result = None
    if status in {"failed", "unsupported"}:
        failure = Failure(type="RuntimeError", message=detail, traceback=TRACEBACK)
        result = make_result([], status=status, reason=detail, failure=failure)
    return make_record(run_id, outcome=outcome, result=result, **changes)
