"""The JSON Schemas in docs/schemas: current, valid, and true for what the code writes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import jsonschema
import msgspec
import pytest

from dlbench.job import PROTOCOL, Event, Job, JobData, Settings, WorkerResult
from dlbench.network import build_task
from dlbench.scenario import load

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_schemas", ROOT / "scripts" / "generate_schemas.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(instance: object, name: str) -> None:
    schema = json.loads((SCHEMAS / name).read_text())
    jsonschema.validate(json.loads(msgspec.json.encode(instance)), schema)


def test_the_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    code = load_script().main(["--check"])
    assert code == 0, capsys.readouterr().out + "; do: scripts/generate_schemas.py"


def test_a_stale_file_is_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = load_script()
    monkeypatch.setattr(script, "FOLDER", tmp_path / "schemas")
    assert script.main(["--check"]) == 1
    assert "not current: job.json" in capsys.readouterr().out
    assert not (tmp_path / "schemas").exists()
    assert script.main([]) == 0
    assert script.main(["--check"]) == 0


@pytest.mark.parametrize("name", ["job.json", "event.json", "result.json", "record.json"])
def test_each_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads((SCHEMAS / name).read_text()))


@pytest.mark.parametrize("scenario", sorted(ROOT.glob("scenarios/*.yaml")), ids=lambda p: p.stem)
def test_jobs_follow_their_schema(scenario: Path) -> None:
    loaded = load(scenario)
    job = Job(
        protocol=PROTOCOL,
        run_id="1",
        adapter="adapter.py",
        task=build_task(loaded, batch_size=loaded.batch_size),
        settings=Settings(axes={}, seed=1, threads=None, device="cpu"),
        plan=loaded.plans["full"],
        data=JobData(kind="synthetic", item="image", synthetic_items=10),
        items_per_step=loaded.batch_size,
        item="image",
        devices=("cpu",),
    )
    check(job, "job.json")


def test_a_wrong_status_does_not_follow_the_schema() -> None:
    check(WorkerResult(protocol=1, status="ok"), "result.json")
    check(Event(event="end", seconds=1.0), "event.json")
    with pytest.raises(jsonschema.ValidationError):
        check({"protocol": 1, "status": "fine"}, "result.json")
