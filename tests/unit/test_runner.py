"""One run, with an engine of the test's own: what the record says of every way to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from samples import ScriptedEngine, make_prepared_run, make_provenance

from dlbench.engine import Exit, RunSpec
from dlbench.job import Event
from dlbench.record import Record
from dlbench.runner import RESULT_LIMIT_BYTES, execute_run

OK = {"protocol": 1, "status": "ok", "phases": []}


def execute(
    tmp_path: Path, act: Callable[[RunSpec], None], ended: Exit | None = None
) -> tuple[Record, ScriptedEngine]:
    engine = ScriptedEngine(act, ended or Exit(how="exited", code=0, wall_seconds=1.5))
    record = execute_run(
        make_prepared_run(), engine, scratch=tmp_path, provenance=make_provenance()
    )
    return record, engine


def write_result(content: object) -> Callable[[RunSpec], None]:
    def act(spec: RunSpec) -> None:
        (spec.out_folder / "result.json").write_text(json.dumps(content), encoding="utf-8")

    return act


def leave_nothing(_spec: RunSpec) -> None:
    """Play a worker that wrote nothing."""


def test_good_run(tmp_path: Path) -> None:
    record, _ = execute(tmp_path, write_result(OK))
    assert record.outcome.ok
    assert record.outcome.wall_seconds == 1.5
    assert record.result is not None


def test_inputs_are_those_of_the_protocol(tmp_path: Path) -> None:
    seen: dict[str, object] = {}

    def act(spec: RunSpec) -> None:
        seen["files"] = sorted(path.name for path in spec.in_folder.iterdir())
        seen["job"] = json.loads((spec.in_folder / "job.json").read_bytes())
        write_result(OK)(spec)

    record, engine = execute(tmp_path, act)
    assert seen["files"] == ["adapter.py", "dlbench_worker", "job.json"]
    job = seen["job"]
    assert isinstance(job, dict)
    assert job["run_id"] == record.run_id
    assert engine.specs[0].environment["OMP_NUM_THREADS"] == "2"


def test_run_folder_is_removed(tmp_path: Path) -> None:
    execute(tmp_path, write_result(OK))
    assert list(tmp_path.iterdir()) == []


def test_unsupported_keeps_its_reason(tmp_path: Path) -> None:
    act = write_result({"protocol": 1, "status": "unsupported", "reason": "no such layer"})
    record, _ = execute(tmp_path, act)
    assert not record.outcome.ok
    assert record.outcome.describe(record.limits) == "unsupported: no such layer"


def test_failure_keeps_its_first_line(tmp_path: Path) -> None:
    failure = {"type": "ValueError", "message": "bad\nmore", "traceback": "Traceback ..."}
    record, _ = execute(
        tmp_path, write_result({"protocol": 1, "status": "failed", "failure": failure})
    )
    assert record.outcome.describe(record.limits) == "failed: ValueError: bad"


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        (Exit(how="timeout", wall_seconds=600), "timeout 600 s"),
        (Exit(how="oom", code=137), "oom 2 GiB"),
        (Exit(how="interrupted"), "interrupted"),
        (Exit(how="lost", detail="the engine went away"), "lost"),
        (
            Exit(how="exited", code=139),
            "missing: the worker exited with code 139 (SIGSEGV) and left no result",
        ),
        (
            Exit(how="exited", code=3),
            "missing: the worker exited with code 3 and left no result",
        ),
    ],
)
def test_no_result(tmp_path: Path, ended: Exit, text: str) -> None:
    record, _ = execute(tmp_path, leave_nothing, ended)
    assert record.outcome.status == "missing"
    assert record.outcome.describe(record.limits) == text


def test_broken_result(tmp_path: Path) -> None:
    def act(spec: RunSpec) -> None:
        (spec.out_folder / "result.json").write_text('{"protocol": 1, "sta', encoding="utf-8")
        spec.log.write_bytes(b"first line\n\xff\xfe last line\n")

    record, _ = execute(tmp_path, act)
    assert record.outcome.status == "invalid"
    assert "does not follow the protocol" in record.outcome.detail
    assert record.outcome.log_tail.endswith("last line")
    assert record.result is None


def test_huge_result_is_not_read(tmp_path: Path) -> None:
    def act(spec: RunSpec) -> None:
        with (spec.out_folder / "result.json").open("wb") as stream:
            stream.truncate(RESULT_LIMIT_BYTES + 1)

    record, _ = execute(tmp_path, act)
    assert record.outcome.status == "invalid"
    assert "more than 32 MiB" in record.outcome.detail


def test_events_up_to_the_cut_are_kept(tmp_path: Path) -> None:
    def act(spec: RunSpec) -> None:
        whole = msgspec.json.encode(Event(event="step", seconds=0.5, index=1, total=3))
        (spec.out_folder / "events.jsonl").write_bytes(whole + b'\n{"event": "st')

    record, _ = execute(tmp_path, act, Exit(how="timeout"))
    assert [event.index for event in record.events] == [1]


def test_record_survives_a_round_trip(tmp_path: Path) -> None:
    record, _ = execute(tmp_path, write_result(OK))
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
