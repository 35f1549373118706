"""The adapters against the oracle: same weights, same batches, real containers, the real worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from laboratory import SCENARIOS, Laboratory

from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.record import Record

pytestmark = pytest.mark.docker

PROBES = sorted(path.stem for path in SCENARIOS.glob("probe-*.yaml"))

#: Ten steps at these rates stay far below this in every correct framework.
LOSS_BOUND = 1e-5

#: Every framework on every probe, and each axis where it changes what is computed.
DEFAULTS = ("torch", "tensorflow==2.21.0", "tensorflow==1.0.0")
VARIANTS = (
    *((probe, framework) for probe in PROBES for framework in DEFAULTS),
    ("probe-images", "torch:layout=NHWC"),
    ("probe-pixels", "torch:layout=NHWC"),
    ("probe-vectors", "torch:compile=on"),
    ("probe-images", "tensorflow==2.21.0:layout=NCHW"),
    ("probe-pixels", "tensorflow==2.21.0:layout=NCHW"),
    ("probe-images", "tensorflow==2.21.0:xla=on"),
    ("probe-images", "tensorflow==2.21.0:xla=on,layout=NCHW"),
    ("probe-stories", "tensorflow==2.21.0:xla=on"),
)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def losses(record: Record) -> list[float]:
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    (phase,) = [phase for phase in record.result.phases if phase.name == "loss"]
    return [float(value) for value in phase.values]


def finished_settings(record: Record) -> dict[str, Any]:
    assert record.result is not None
    return record.result.settings["finished"]


@pytest.mark.parametrize(("scenario", "framework"), VARIANTS)
def test_losses_are_those_of_the_oracle(
    laboratory: Laboratory, scenario: str, framework: str
) -> None:
    expected = losses(laboratory.execute(scenario, "numpy:precision=float64"))
    found = losses(laboratory.execute(scenario, framework))
    assert len(found) == len(expected) == 10
    assert found == pytest.approx(expected, rel=LOSS_BOUND, abs=LOSS_BOUND)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("scenario", "framework"), VARIANTS)
def test_audit_finds_nothing(laboratory: Laboratory, scenario: str, framework: str) -> None:
    result = laboratory.execute(scenario, framework).result
    assert result is not None
    assert {fact["passed"] for fact in result.audit.values()} <= {True, None}, result.audit
    shown = {"loss_agrees", "update_seen", "synchronization", "threads_as_set", "precision_as_set"}
    if not framework.startswith("numpy"):
        shown.add("compiled_as_set")
    assert [name for name in shown if not result.audit[name]["passed"]] == [], result.audit
    oracle = laboratory.execute(scenario, "numpy:precision=float64").result
    assert oracle is not None
    assert result.parameter_count == oracle.parameter_count


@pytest.mark.parametrize(
    ("framework", "layout"),
    [
        ("torch", ["NCHW"]),
        ("torch:layout=NHWC", ["NHWC"]),
        ("tensorflow==2.21.0", ["NHWC"]),
        ("tensorflow==2.21.0:layout=NCHW", ["NCHW"]),
        ("tensorflow==1.0.0", ["NHWC"]),
    ],
)
def test_the_layout_found_is_the_one_asked_for(
    laboratory: Laboratory, framework: str, layout: list[str]
) -> None:
    found = finished_settings(laboratory.execute("probe-images", framework))["layout"]
    assert [name for name in found if name != "either"] == layout


def test_xla_is_shown_by_the_program_that_it_made(laboratory: Laboratory) -> None:
    off = finished_settings(laboratory.execute("probe-images", "tensorflow==2.21.0"))
    on = finished_settings(laboratory.execute("probe-images", "tensorflow==2.21.0:xla=on"))
    assert off["compiled_programs"] == 0
    assert "xla_instructions" not in off
    assert on["compiled_programs"] == 1
    assert on["xla_instructions"] > 100
    assert on["traces"] == 1


def test_compile_is_shown_by_the_graphs_that_it_made(laboratory: Laboratory) -> None:
    off = finished_settings(laboratory.execute("probe-vectors", "torch"))
    on = finished_settings(laboratory.execute("probe-vectors", "torch:compile=on"))
    assert off["compiled_programs"] == 0
    assert on["compiled_programs"] >= 1


@pytest.mark.parametrize("framework", ["torch", "tensorflow==2.21.0", "tensorflow==1.0.0"])
def test_threads_are_those_asked_for(laboratory: Laboratory, framework: str) -> None:
    found = finished_settings(laboratory.execute("probe-vectors", framework))
    wanted = min(2, len(os.sched_getaffinity(0)))
    assert found["threads"] == wanted
