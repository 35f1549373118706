"""Parity runs on real interpreters: the oracle in float64 makes arrays, others are compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import parity_tasks as tasks
import pytest
from real_worker import ROOT, Interpreter, Worker, make_job

from dlbench import job as wire
from dlbench.probes import for_oracle

pytestmark = pytest.mark.worker


def parity_job(role: Any, probes: tuple[wire.Probe, ...], **changes: Any) -> wire.Job:
    return make_job(parity=wire.Parity(role=role, probes=probes), **changes)


def run_both(
    folder: Path, interpreters: tuple[Interpreter, Interpreter], adapter: str = "oracle"
) -> tuple[Worker, Worker]:
    """Make on the first interpreter, compare on the second."""
    workers = []
    for name in ("make", "compare"):
        (folder / name).mkdir()
        workers.append(Worker(folder / name))
    maker, comparer = workers
    maker.do(
        interpreters[0], parity_job("make", tasks.all_probes(precision=tasks.DOUBLE)), "oracle"
    )
    assert maker.result().status == "ok", maker.result().failure
    shutil.copytree(maker.out / "parity", comparer.data)
    comparer.do(interpreters[1], parity_job("compare", tasks.all_probes()), adapter)
    return maker, comparer


def test_float32_against_float64(tmp_path: Path, interpreter: Interpreter) -> None:
    _, comparer = run_both(tmp_path, (interpreter, interpreter))
    result = comparer.result()
    assert result.status == "ok", result.failure
    found = result.parity
    assert list(found) == sorted(one.name for one in tasks.all_probes())
    for name in ("network", "words"):
        assert found[name]["wrong_shapes"] == {}
        assert found[name]["losses"] == pytest.approx(found[name]["expected_losses"], abs=1e-6)
        assert found[name]["outputs"]["difference"] < 1e-6
        for one in found[name]["weights"].values():
            assert one["difference"] < 1e-6 * one["scale"]
    for one in found["gradients"]["gradients"].values():
        assert 0 < one["difference"] < 1e-6 * one["scale"]
    assert [one["difference"] < 1e-6 for one in found["optimizer"]["updates"]] == [True] * 3
    assert found["dropout"]["scale_low"] == found["dropout"]["scale_high"] == 2.0
    assert found["dropout"]["masks_differ"]
    assert found["dropout"]["predict_difference"] < 1e-6


def test_a_parity_run_is_a_run_like_any_other(tmp_path: Path, interpreter: Interpreter) -> None:
    maker, comparer = run_both(tmp_path, (interpreter, interpreter))
    result = maker.result()
    schema = json.loads((ROOT / "docs" / "schemas" / "result.json").read_text())
    jsonschema.validate(json.loads((maker.out / "result.json").read_bytes()), schema)
    assert {phase.name: (phase.kind, len(phase.values)) for phase in result.phases} == {
        "import": ("once", 1),
        "probe": ("each", 5),
        "peak_memory": ("once", 1),
    }
    assert result.versions["python"].startswith(interpreter.version)
    assert set(result.settings) == {"built", "finished"}
    assert result.settings["built"]["precision"] == ["float64"]
    assert comparer.result().settings["built"]["precision"] == ["float32"]
    assert result.clock["name"]
    assert result.audit == {}
    events = [event for event in maker.events() if event.event == "phase"]
    assert [event.name for event in events[1:]] == [
        f"parity {one.name}" for one in tasks.all_probes()
    ]
    assert [event.total for event in events[1:]] == [5] * 5


def test_the_arrays_of_one_interpreter_are_those_of_another(
    tmp_path: Path, interpreters: list[Interpreter]
) -> None:
    assert len(interpreters) > 1
    _, comparer = run_both(tmp_path, (interpreters[-1], interpreters[0]))
    found = comparer.result().parity
    assert found["network"]["losses"] == pytest.approx(
        found["network"]["expected_losses"], abs=1e-6
    )
    assert found["gradients"]["loss"] == pytest.approx(found["gradients"]["expected_loss"])


@pytest.mark.parametrize(
    ("fault", "probe"),
    [
        ("skipped", "network"),
        ("transposed", "network"),
        ("skipped", "gradients"),
        ("momentum", "optimizer"),
        ("epsilon", "optimizer"),
        ("dropout off", "dropout"),
        ("whole channels", "dropout"),
        ("dropout in prediction", "dropout"),
    ],
)
def test_a_fault_is_seen(
    tmp_path: Path, interpreters: list[Interpreter], fault: str, probe: str
) -> None:
    """The honest adapter passes these same bounds in test_float32_against_float64."""
    (tmp_path / "make").mkdir()
    (tmp_path / "compare").mkdir()
    maker, comparer = Worker(tmp_path / "make"), Worker(tmp_path / "compare")
    first = interpreters[0]
    chosen = {False: pick(probe), True: pick(probe, precision=tasks.DOUBLE)}
    maker.do(first, parity_job("make", (chosen[True],)), "oracle")
    shutil.copytree(maker.out / "parity", comparer.data)
    settings = wire.Settings(axes={"fault": fault}, seed=11, threads=1, device="cpu")
    job = parity_job("compare", (chosen[False],), settings=settings, adapter="dishonest.py")
    result = comparer.do(first, job, "dishonest")
    assert result.status == "ok", result.failure
    assert SEEN[fault, probe](result.parity[probe])


def pick(name: str, **changes: Any) -> wire.Probe:
    """Return the probe of a name; dropout's has an image, so that channels show."""
    if name == "dropout":
        task = tasks.dropout_task(0.5, (8, 8, 16), **changes)
        return tasks.probe("dropout", "dropout", task, 2)
    return next(one for one in tasks.all_probes(**changes) if one.name == name)


def share(found: dict[str, Any], axis: str) -> float:
    neighbours: dict[str, int] = found["neighbours"][axis]
    return neighbours["equal"] / neighbours["pairs"]


def worst(norms: dict[str, Any]) -> float:
    return max(float(one["difference"] / one["scale"]) for one in norms.values())


def largest_update(found: dict[str, Any]) -> float:
    return max(float(one["difference"]) for one in found["updates"])


SEEN: dict[tuple[str, str], Callable[[dict[str, Any]], bool]] = {
    ("skipped", "network"): lambda found: worst(found["weights"]) > 1e-3,
    ("transposed", "network"): lambda found: found["outputs"]["difference"] > 1e-3,
    ("skipped", "gradients"): lambda found: worst(found["gradients"]) == 1.0,
    ("momentum", "optimizer"): lambda found: largest_update(found) > 1e-3,
    ("epsilon", "optimizer"): lambda found: largest_update(found) > 1e-3,
    ("dropout off", "dropout"): lambda found: found["dropped"] == 0,
    ("whole channels", "dropout"): lambda found: share(found, "1") == 1.0,
    ("dropout in prediction", "dropout"): lambda found: found["predict_difference"] > 0.01,
}


def compare_gradients(
    folder: Path, interpreter: Interpreter, adapter: str, *, batch_size: int, items: int
) -> dict[str, Any]:
    """Return what is observed of gradients where few items fill a larger batch."""
    task = tasks.gradients_task(tasks.network_task(batch_size=batch_size))
    probe = wire.Probe(name="gradients", kind="gradients", task=task, steps=1, items=items)
    asked = wire.Parity(role="compare", probes=(probe,))
    workers = {}
    for role, job in (("make", for_oracle(asked)), ("compare", asked)):
        (folder / role).mkdir()
        worker = workers[role] = Worker(folder / role)
        if role == "compare":
            shutil.copytree(workers["make"].out / "parity", worker.data)
        name = "oracle" if role == "make" else adapter
        result = worker.do(interpreter, parity_job(role, job.probes), name)
        assert result.status == "ok", result.failure
    return result.parity["gradients"]


@pytest.mark.parametrize(("batch_size", "items"), [(12, 4), (7, 1), (4, 4)])
def test_few_items_fill_a_larger_batch(
    tmp_path: Path, interpreter: Interpreter, batch_size: int, items: int
) -> None:
    found = compare_gradients(tmp_path, interpreter, "oracle", batch_size=batch_size, items=items)
    assert found["outputs"]["difference"] < 1e-6
    assert found["loss"] == pytest.approx(found["expected_loss"], rel=1e-6)
    assert 0 < worst(found["gradients"]) < 1e-6


def test_half_of_a_batch_shows_unless_all_items_are_equal(
    tmp_path: Path, interpreters: list[Interpreter]
) -> None:
    """Where they are, the audit has to see it, and does."""
    first = interpreters[0]
    for folder in ("different", "equal", "audit"):
        (tmp_path / folder).mkdir()
    for folder, items, seen in (("different", 4, True), ("equal", 1, False)):
        found = compare_gradients(
            tmp_path / folder, first, "half_batch", batch_size=12, items=items
        )
        assert (worst(found["gradients"]) > 0.05) == seen
        assert (abs(found["loss"] - found["expected_loss"]) > 1e-3) == seen
    result = Worker(tmp_path / "audit").do(first, make_job(), "half_batch")
    assert result.audit["loss_agrees"]["passed"] is False


def test_a_probe_that_cannot_be_done_ends_the_run(worker: Worker, interpreter: Interpreter) -> None:
    probes = tasks.all_probes()
    result = worker.do(interpreter, parity_job("compare", probes), "oracle")
    assert result.status == "failed"
    assert result.failure is not None
    assert "outputs.npy" in result.failure.message
    assert result.parity == {}


def test_unsupported_is_no_failure(worker: Worker, interpreter: Interpreter) -> None:
    result = worker.do(interpreter, parity_job("compare", tasks.all_probes()), "refusing")
    assert result.status == "unsupported"
    assert result.reason == "no café here"


def test_only_outputs_where_nothing_is_trained(worker: Worker, interpreter: Interpreter) -> None:
    task = tasks.network_task(optimizer=None, precision=tasks.DOUBLE)
    probes = (tasks.probe("network", "network", task, 10),)
    result = worker.do(interpreter, parity_job("make", probes), "oracle")
    assert result.status == "ok", result.failure
    assert result.parity["network"]["losses"] == []
    assert [file.name for file in (worker.out / "parity" / "network").iterdir()] == ["outputs.npy"]
    assert result.parameter_count == 857
