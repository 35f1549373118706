"""The audit on real interpreters: the honest pass, each fault fails the fact that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from real_worker import TASK, Interpreter, Worker, dense, make_job

from dlbench import job as wire

pytestmark = pytest.mark.worker

DROPOUT = wire.TaskLayer(
    kind="dropout",
    name="dropout",
    inputs=("hidden",),
    parameters={"rate": 0.5},
    input_shapes=((5,),),
    output_shape=(5,),
)
DROPPING = msgspec.structs.replace(
    TASK, layers=(dense("hidden", "x", (6, 5)), DROPOUT, dense("scores", "dropout", (5, 3)))
)
SUMMED = msgspec.structs.replace(
    TASK, loss=wire.TaskLoss(kind="softmax_cross_entropy", reduction="sum")
)
SINGLE = msgspec.structs.replace(TASK, precision=wire.Precision())
HALF = msgspec.structs.replace(
    TASK, precision=wire.Precision(storage="float16", compute="float16", accumulation="float16")
)


def settings(threads: int | None = None, **axes: str) -> wire.Settings:
    return wire.Settings(axes=axes, seed=11, threads=threads, device="cpu")


def failures(result: wire.WorkerResult) -> list[str]:
    assert result.status == "ok", result.failure
    return sorted(name for name, fact in result.audit.items() if fact["passed"] is False)


@pytest.mark.parametrize("task", [TASK, DROPPING, SUMMED, SINGLE])
def test_the_oracle_fails_nothing(
    worker: Worker, interpreter: Interpreter, task: wire.Task
) -> None:
    result = worker.do(interpreter, make_job(task=task), "oracle")
    assert failures(result) == []
    facts = ("loss_agrees", "update_seen", "every_step_updates", "weights_kept", "synchronization")
    for name in (*facts, "precision_as_set"):
        assert result.audit[name]["passed"] is True, result.audit[name]


@pytest.mark.parametrize(
    ("adapter", "changes", "fails"),
    [
        ("asynchronous", {}, ["synchronization"]),
        ("half_batch", {}, ["loss_agrees"]),
        ("half_batch", {"task": HALF}, ["loss_agrees"]),
        ("summed_loss", {}, ["loss_agrees"]),
        ("summed_loss", {"task": DROPPING}, ["loss_agrees"]),
        ("shuffled_labels", {}, ["loss_agrees"]),
        ("dropout_in_predictions", {"task": DROPPING}, ["same_input_same_output"]),
        ("dropout_off", {"task": DROPPING}, ["loss_agrees"]),
        ("labels_in_predictions", {}, ["labels_unseen"]),
        ("training_predictions", {}, ["weights_kept"]),
        ("stale_predictions", {}, ["update_seen"]),
        ("stale_predictions", {"task": DROPPING}, ["update_seen"]),
        ("update_skipped", {}, ["every_step_updates", "weights_changed"]),
        ("update_skipped_late", {}, ["every_step_updates"]),
        ("update_skipped_late", {"task": DROPPING}, ["every_step_updates"]),
        ("update_skipped_at_times", {}, ["every_step_updates"]),
        ("other_settings", {"settings": settings(layout="NCHW")}, ["layout_as_set"]),
        ("other_settings", {"settings": settings(xla="on")}, ["compiled_as_set"]),
        ("other_settings", {"settings": settings(compile="on")}, ["compiled_as_set"]),
        ("other_settings", {"settings": settings(threads=1)}, ["threads_as_set"]),
        ("other_settings", {"task": SINGLE}, ["precision_as_set"]),
        ("other_settings", {"settings": settings(threads=2, layout="NHWC", xla="off")}, []),
    ],
)
def test_a_fault_fails_the_fact_that_names_it(
    worker: Worker,
    interpreter: Interpreter,
    adapter: str,
    changes: dict[str, Any],
    fails: list[str],
) -> None:
    """Settings without threads: the fact is about them only where they are the fault."""
    job = make_job(**{"settings": settings(), **changes})
    result = worker.do(interpreter, job, adapter)
    assert failures(result) == fails, result.audit


def test_a_weight_that_changes_without_a_step_fails_synchronization(
    worker: Worker, interpreter: Interpreter
) -> None:
    """Reads that do not wait either may miss an update, or not."""
    result = worker.do(interpreter, make_job(settings=settings()), "asynchronous_reading")
    assert set(failures(result)) - {"every_step_updates"} == {"synchronization"}


def test_a_compiler_that_nobody_reports_was_not_there(
    worker: Worker, interpreter: Interpreter
) -> None:
    result = worker.do(interpreter, make_job(settings=settings(compile="on")), "plain")
    assert result.audit["compiled_as_set"]["passed"] is False


def test_losses_of_a_half_precision_are_judged_too(
    worker: Worker, interpreter: Interpreter
) -> None:
    result = worker.do(interpreter, make_job(task=HALF, settings=settings()), "oracle")
    assert failures(result) == []
    assert result.audit["loss_agrees"]["passed"] is True
    assert result.audit["every_step_updates"]["passed"] is None


def test_settings_that_nobody_reports_prove_nothing(
    worker: Worker, interpreter: Interpreter
) -> None:
    job = make_job(settings=settings(threads=1, layout="NHWC", compile="off"))
    result = worker.do(interpreter, job, "plain")
    for name in ("layout", "compiled", "precision", "threads"):
        assert result.audit[f"{name}_as_set"]["passed"] is None


@contextmanager
def busy_machine(processes: int) -> Iterator[None]:
    """Keep every CPU busy with other processes."""
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.parametrize("task", [TASK, DROPPING, SINGLE])
def test_a_busy_machine_fails_nothing(
    worker: Worker, interpreter: Interpreter, task: wire.Task
) -> None:
    with busy_machine(2 * (os.cpu_count() or 1)):
        result = worker.do(interpreter, make_job(task=task), "oracle")
    assert failures(result) == []
    assert result.audit["synchronization"]["passed"] is True
