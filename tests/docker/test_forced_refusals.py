"""What is refused fails where it is forced, by the framework's own doing: a case for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import dlbench_tensorflow
import dlbench_torch
import msgspec
import pytest
from laboratory import Laboratory

from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.record import Record

pytestmark = pytest.mark.docker


def compiles_nothing(record: Record) -> bool:
    """Say whether the run went well and the audit found no program of a compiler."""
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    assert record.result.settings["finished"]["compiled_programs"] == 0
    return record.result.audit["compiled_as_set"]["passed"] is False


def takes_no_such_image(record: Record) -> bool:
    """Say whether the run failed with the framework's own words."""
    assert not record.outcome.ok
    return "only supports NHWC" in record.outcome.log_tail + record.outcome.detail


@dataclass(frozen=True, kw_only=True)
class Forced:
    """A cell that can run, the axes by which it is refused, and what then comes of it."""

    reason: str
    scenario: str
    framework: str
    axes: Mapping[str, str]
    shows: Callable[[Record], bool]


FORCED = (
    Forced(
        reason="the TensorFlow 1.0.0 wheel has no XLA and ignores the setting",
        scenario="probe-vectors",
        framework="tensorflow==1.0.0",
        axes={"xla": "on"},
        shows=compiles_nothing,
    ),
    Forced(
        reason="TensorFlow 1.0.0 takes no NCHW images on the CPU: convolutions end the process",
        scenario="probe-images",
        framework="tensorflow==1.0.0",
        axes={"layout": "NCHW"},
        shows=takes_no_such_image,
    ),
)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def test_every_refusal_is_forced() -> None:
    plugins = (dlbench_tensorflow, dlbench_torch)
    frameworks = [found for plugin in plugins for found in plugin.dlbench_frameworks()]
    reasons = [rule.reason for found in frameworks for rule in found.supports.refusals]
    assert reasons == [case.reason for case in FORCED]


@pytest.mark.full
@pytest.mark.parametrize("case", FORCED, ids=lambda case: ",".join(case.axes))
def test_what_is_refused_fails(laboratory: Laboratory, case: Forced) -> None:
    cell = laboratory.cell(case.scenario, case.framework)
    forced = msgspec.structs.replace(cell, variant={**cell.variant, **case.axes})
    record = laboratory.execute_cell(forced)
    assert case.shows(record), record.outcome
