"""The worker on real interpreters: what it measures, in which order, and from which data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from real_worker import (
    PLAN,
    ROOT,
    TASK,
    Interpreter,
    Worker,
    exactly,
    make_job,
    values,
    warm_up,
)

from dlbench import job as wire
from dlbench.scenario import Plan, Trials

pytestmark = pytest.mark.worker


def plan(**changes: Any) -> Plan:
    return msgspec.structs.replace(PLAN, **changes)


def test_a_python_2_and_a_python_3_are_among_the_interpreters(
    interpreters: list[Interpreter],
) -> None:
    majors = {one.version.split(".")[0] for one in interpreters}
    assert majors == {"2", "3"}, (
        f"found only {interpreters}; name a python2.7 that has NumPy in DLBENCH_TEST_PYTHONS"
    )


def test_every_phase_is_there_with_as_many_values_as_the_plan_says(
    worker: Worker, interpreter: Interpreter
) -> None:
    result = worker.do(interpreter, make_job(plan=plan(epochs=2)), "oracle")
    assert result.status == "ok", result.failure
    schema = json.loads((ROOT / "docs" / "schemas" / "result.json").read_text())
    jsonschema.validate(json.loads((worker.out / "result.json").read_text()), schema)
    counts = {phase.name: (phase.kind, len(phase.values)) for phase in result.phases}
    assert counts == {
        "import": ("once", 1),
        "build": ("once", 1),
        "epoch_items": ("once", 1),
        "first_step": ("once", 1),
        "epoch": ("each", 2),
        "epoch_train_loss": ("each", 2),
        "first_predict": ("once", 1),
        "evaluate": ("each", 2),
        "epoch_loss": ("each", 2),
        "epoch_accuracy": ("each", 2),
        "prepare": ("each", 7),
        "warmup": ("each", 2),
        "loss": ("each", 7),
        "step": ("each", 4),
        "pipelined": ("block", 1),
        "predict_items": ("once", 1),
        "predict": ("each", 2),
        "peak_memory": ("once", 1),
    }
    assert result.dropped_items == 2
    assert result.padded_items == 2
    assert result.parameter_count == 6 * 5 + 5 + 5 * 3 + 3
    assert values(result, "epoch_items") == [16]
    assert values(result, "predict_items") == [18]
    assert result.versions["python"].startswith(interpreter.version)
    assert set(result.settings) == {"built", "finished"}
    assert 0 < result.clock["resolution_seconds"] < 1e-3
    assert result.warmup == {"steps": 2, "reason": "exact"}
    assert {fact["passed"] for fact in result.audit.values()} == {True}, result.audit


def test_the_order_of_calls(worker: Worker, interpreter: Interpreter) -> None:
    small = plan(warmup=warm_up(1), stepwise=exactly(2), pipelined=exactly(2), predict=exactly(1))
    worker.do(interpreter, make_job(plan=small), "plain")
    calls = [call[0] for call in worker.calls()]
    step = ["prepare", "synchronize", "train_step", "synchronize", "loss"]
    assert calls[:7] == ["init", "build", "synchronize", *["set_weights"] * 4]
    assert calls[7] == "settings"
    assert calls[8:23] == step * 3
    pipelined = ["prepare", "train_step"] * 2
    assert calls[23:30] == ["synchronize", *pipelined, "synchronize", "loss"]
    first_predict = ["prepare", "synchronize", "predict"]
    passes = ["synchronize", *["prepare", "predict"] * 5]
    assert calls[30:44] == [*first_predict, *passes]
    assert calls[44] == "settings"


def test_a_device_feed_prepares_everything_before_the_clock_starts(
    worker: Worker, interpreter: Interpreter
) -> None:
    small = plan(warmup=warm_up(1), stepwise=exactly(1), pipelined=exactly(2), predict=exactly(0))
    result = worker.do(interpreter, make_job(plan=small, feed="device"), "plain")
    calls = [call[0] for call in worker.calls()]
    assert calls[8:16] == ["prepare", "synchronize"] * 4
    assert "prepare" not in calls[16 : calls.index("settings", 16)]
    assert len(values(result, "prepare")) >= 4


def test_epochs_see_every_item_once_in_an_order_of_their_own(
    worker: Worker, interpreter: Interpreter
) -> None:
    np.save(folder(worker) / "x.npy", np.arange(18 * 6, dtype=np.uint8).reshape(18, 6))
    np.save(folder(worker) / "y.npy", np.arange(18, dtype=np.uint8))
    data = stored(items=18, test_items=5)
    none = plan(
        warmup=warm_up(0), stepwise=exactly(0), pipelined=exactly(0), predict=exactly(0), epochs=3
    )
    task = msgspec.structs.replace(TASK, target=wire.TaskTarget(classes=18))
    result = worker.do(interpreter, make_job(plan=none, data=data, task=task), "plain")
    assert result.status == "ok", result.failure
    trained = [label for call in worker.calls() if call[0] == "train_step" for label in call[1]]
    epochs = [trained[start : start + 16] for start in (0, 16, 32)]
    for epoch, labels in enumerate(epochs):
        assert labels == np.random.RandomState(11 + epoch).permutation(18)[:16].tolist()


def folder(worker: Worker) -> Path:
    worker.data.mkdir(exist_ok=True)
    return worker.data


def stored(*, items: int, test_items: int) -> wire.JobData:
    """Return data from x.npy and y.npy; the test split is the first of the same items."""
    x = wire.ArrayFile(file="x.npy", shape=(6,), dtype="float32", divide_by=2.0)
    y = wire.ArrayFile(file="y.npy", shape=(), dtype="int32")
    return wire.JobData(
        kind="arrays",
        item="row",
        train=wire.Split(inputs={"x": x}, target=y, items=items),
        test=wire.Split(inputs={"x": x}, target=y, items=test_items),
    )


def test_accuracy_and_loss_count_each_test_item_once(
    worker: Worker, interpreter: Interpreter
) -> None:
    """The toy predicts (s, -s, 0) for rows that sum to s: all positive, so always class 0."""
    np.save(folder(worker) / "x.npy", np.ones((18, 6), np.uint8))
    np.save(folder(worker) / "y.npy", np.array([0, 0, 0, 1, 2] + [1] * 13, np.uint8))
    task = msgspec.structs.replace(TASK, output_activation="linear")
    job = make_job(data=stored(items=18, test_items=5), task=task, plan=plan(epochs=1))
    result = worker.do(interpreter, job, "plain")
    assert values(result, "epoch_accuracy") == [pytest.approx(0.6)]
    logits = np.array([3.0, -3.0, 0.0])
    losses = np.log(np.exp(logits).sum()) - logits
    expected = (3 * losses[0] + losses[1] + losses[2]) / 5
    assert values(result, "epoch_loss") == [pytest.approx(expected)]
    assert values(result, "predict_items") == [5]


def test_one_first_step_whether_there_are_epochs_or_not(
    worker: Worker, interpreter: Interpreter
) -> None:
    result = worker.do(interpreter, make_job(), "plain")
    assert values(result, "first_step") == values(result, "warmup")[:1]


def test_an_epoch_is_cut_after_so_many_steps(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(plan=plan(epochs=1, steps_per_epoch=2)), "plain")
    assert values(result, "epoch_items") == [8]
    assert result.dropped_items == 2


def test_the_adapters_own_epoch_loop(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(plan=plan(epochs=2), loop="epoch"), "whole_epochs")
    calls = [call for call in worker.calls() if call[0] == "train_epoch"]
    assert [call[1] for call in calls] == [18, 18]
    assert [len(call[2]) for call in calls] == [16, 16]
    assert values(result, "device_peak_memory") == [12345]
    assert len(values(result, "epoch")) == 2


def test_an_epoch_loop_that_is_not_there_is_refused(
    worker: Worker, interpreter: Interpreter
) -> None:
    result = worker.do(interpreter, make_job(loop="epoch"), "plain")
    assert result.status == "unsupported"
    assert "train_epoch" in result.reason
    assert "build" not in [call[0] for call in worker.calls()]


def test_without_an_optimizer_a_step_is_a_prediction(
    worker: Worker, interpreter: Interpreter
) -> None:
    task = msgspec.structs.replace(TASK, optimizer=None)
    result = worker.do(interpreter, make_job(task=task), "plain")
    assert result.status == "ok"
    assert "train_step" not in [call[0] for call in worker.calls()]
    assert len(values(result, "step")) == 4
    assert "loss" not in [phase.name for phase in result.phases]
    assert "weights_changed" not in result.audit


def test_a_block_ends_when_its_time_is_up_but_not_before_its_least(
    worker: Worker, interpreter: Interpreter
) -> None:
    no_time = Trials(at_most=50, at_least=3, seconds=0.0)
    result = worker.do(
        interpreter, make_job(plan=plan(stepwise=no_time, pipelined=no_time)), "plain"
    )
    assert len(values(result, "step")) == 3
    (pipelined,) = [phase for phase in result.phases if phase.name == "pipelined"]
    assert pipelined.count == 3


def test_nothing_is_told_inside_a_timed_block(worker: Worker, interpreter: Interpreter) -> None:
    """The slow toy makes the pipelined block take longer than the time between two events."""
    long = plan(warmup=warm_up(1), stepwise=exactly(1), pipelined=exactly(5), predict=exactly(0))
    worker.do(interpreter, make_job(plan=long), "slow")
    told = [(event.event, event.name) for event in worker.events()]
    start = told.index(("phase", "pipelined"))
    assert told[start + 1] == ("phase", "audit")
    assert told[-1] == ("end", "ok")


def test_progress_comes_at_most_once_a_second(worker: Worker, interpreter: Interpreter) -> None:
    long = plan(warmup=warm_up(0), stepwise=exactly(8), pipelined=exactly(0), predict=exactly(0))
    worker.do(interpreter, make_job(plan=long), "slow")
    told = [event for event in worker.events() if event.event == "progress"]
    assert 1 <= len(told) <= 3
    assert all(event.total == 8 and event.unit == "s" for event in told)
    assert told[0].value == pytest.approx(0.3, abs=0.1)


def test_the_same_job_gives_the_same_losses_on_every_interpreter(
    tmp_path: Path, interpreters: list[Interpreter]
) -> None:
    found = {}
    for index, interpreter in enumerate(interpreters):
        worker = Worker(tmp_path / str(index))
        worker.folder.mkdir()
        result = worker.do(interpreter, make_job(plan=plan(epochs=2)), "oracle")
        found[interpreter.version] = values(result, "loss")
    first, *others = found.values()
    for other in others:
        assert other == pytest.approx(first, rel=1e-12), found


def test_the_audit_catches_what_did_not_happen(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(), "lying")
    assert result.status == "ok"
    assert result.audit["weights_changed"]["passed"] is False
    assert len(result.audit["weights_changed"]["unchanged"]) == 4
    assert result.audit["inputs_matter"]["passed"] is False
    assert result.audit["losses_moving"]["passed"] is False
    assert result.audit["same_input_same_output"]["passed"] is True
