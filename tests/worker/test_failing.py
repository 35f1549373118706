"""The worker when things go wrong: what ends a run is data, on every interpreter."""

from __future__ import annotations

import signal
import time

import msgspec
import pytest
from real_worker import PLAN, Interpreter, Worker, exactly, make_job, values

from dlbench import job as wire

pytestmark = pytest.mark.worker


def settings(message: str) -> wire.Settings:
    return wire.Settings(axes={"message": message}, seed=11, threads=1, device="cpu")


@pytest.mark.parametrize(
    ("message", "kind", "says"),
    [
        ("text", "ValueError", "Größe — falsch"),
        ("bytes", "ValueError", "Gr"),
        ("unspeakable", "Unspeakable", "cannot be read"),
        ("surrogate", "ValueError", "lone"),
        ("exit", "SystemExit", "3"),
    ],
)
def test_any_failure_becomes_a_result_that_keeps_what_was_measured(
    worker: Worker, interpreter: Interpreter, message: str, kind: str, says: str
) -> None:
    result = worker.do(interpreter, make_job(settings=settings(message)), "failing")
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.type == kind
    assert says in result.failure.message
    assert "train_step" in result.failure.traceback or message == "unspeakable"
    assert len(values(result, "build")) == 1
    assert result.versions["quiet"] == "1.0"


def test_unsupported_is_no_failure(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(), "refusing")
    assert result.status == "unsupported"
    assert result.reason == "no café here"
    assert result.failure is None


def test_a_missing_adapter(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(adapter="other.py"), "plain")
    assert result.status == "failed"
    assert result.failure is not None
    assert "other" in result.failure.message


def test_a_newer_protocol_is_refused(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(protocol=99), "plain")
    assert result.status == "failed"
    assert result.failure is not None
    assert "protocol 1" in result.failure.message


def test_too_few_items_for_a_batch(worker: Worker, interpreter: Interpreter) -> None:
    data = wire.JobData(kind="synthetic", item="row", synthetic_items=3)
    result = worker.do(interpreter, make_job(data=data), "plain")
    assert result.failure is not None
    assert "batch size 4 needs more than the 3 items" in result.failure.message


def test_numbers_that_json_does_not_have(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, make_job(), "diverging")
    assert result.status == "ok"
    assert values(result, "loss")[:4] == ["inf", "-inf", "nan", "inf"]
    assert result.audit["losses_finite"]["passed"] is False
    assert result.settings["built"]["scale"] == "inf"
    assert result.settings["built"]["café"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_and_keeps_what_was_measured(
    worker: Worker, interpreter: Interpreter, number: signal.Signals
) -> None:
    plan = msgspec.structs.replace(PLAN, stepwise=exactly(1000))
    worker.lay_out(make_job(plan=plan), "slow")
    process = worker.start(interpreter)
    deadline = time.monotonic() + 60
    while not any(event.name == "step" for event in told(worker)):
        assert time.monotonic() < deadline, "the worker never came to its steps"
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 0
    result = worker.result()
    assert result.status == "failed"
    assert result.failure is not None
    assert result.failure.type == "Interrupted"
    assert len(values(result, "warmup")) == 2
    assert worker.events()[-1].event == "end"


def told(worker: Worker) -> list[wire.Event]:
    try:
        return worker.events()
    except (FileNotFoundError, msgspec.DecodeError):
        return []
