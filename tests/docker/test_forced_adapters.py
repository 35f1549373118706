"""What only an adapter refuses comes out wrong where it is kept from refusing: a case for each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from laboratory import Laboratory

from dlbench.cells import Cell
from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.record import Record

pytestmark = pytest.mark.docker

REFUSAL = re.compile(r'raise Unsupported\(\s*"([^"]+)"\)')

#: Ten steps of these networks stay below the first in every correct framework.
ROUNDING, ANOTHER = 1e-5, 1e-4


@dataclass(frozen=True, kw_only=True)
class Forced:
    """A scenario with axes that adapters refuse, and what the framework does in its place.

    ``does`` are the axes under which the oracle does what the framework did; none where no task of
    dlbench's states that.
    """

    reason: str
    scenario: str
    frameworks: tuple[str, ...]
    axes: str = ""
    does: str = ""


KERAS_ON_MXNET = ("keras==mxnet-0.11.0", "keras==mxnet-1.5.1")

FORCED = (
    Forced(
        reason="Caffe's AdaGrad starts its sums at zero",
        scenario="adagrad-start",
        frameworks=("caffe",),
        does="accumulator=0.0",
    ),
    Forced(
        reason="Keras' Adagrad starts with an accumulator of zero",
        scenario="adagrad-start",
        frameworks=("keras==tensorflow-1.0.0", "keras==keras-2.0.5-tensorflow-1.0.0"),
        does="accumulator=0.0",
    ),
    Forced(
        reason="Keras on MXNet has no Nesterov momentum",
        scenario="sgd-nesterov",
        frameworks=KERAS_ON_MXNET,
        does="nesterov=false",
    ),
    Forced(
        reason="Keras on MXNet has no learning rate in Adadelta",
        scenario="adadelta-rate",
        frameworks=KERAS_ON_MXNET,
        does="learning_rate=1.0",
    ),
    Forced(
        reason="Keras on MXNet is a step ahead in the rate of all weights but the first",
        scenario="sgd-decay",
        frameworks=KERAS_ON_MXNET,
    ),
    Forced(
        reason="torch's momentum leaves the decaying rate out of the velocity",
        scenario="sgd-decay",
        frameworks=("torch==2.13.0", "torch==1.0.0"),
        axes="momentum=0.9",
    ),
    Forced(
        reason="Deeplearning4j's AdaDelta has no learning rate",
        scenario="adadelta-rate",
        frameworks=("deeplearning4j==1.0.0-M2.1",),
        does="learning_rate=1.0",
    ),
    Forced(
        reason="Deeplearning4j's momentum is Nesterov's",
        scenario="sgd-nesterov",
        frameworks=("deeplearning4j==1.0.0-M2.1",),
        axes="nesterov=false",
        does="nesterov=true",
    ),
    Forced(
        reason="Deeplearning4j 0.4-rc3.8 has no momentum but Nesterov's",
        scenario="sgd-nesterov",
        frameworks=("deeplearning4j==0.4-rc3.8",),
        axes="nesterov=false",
        does="nesterov=true",
    ),
    Forced(
        reason="Deeplearning4j 0.4-rc3.8 has no learning rate that decays",
        scenario="sgd-decay",
        frameworks=("deeplearning4j==0.4-rc3.8",),
        does="decay=0.0",
    ),
)

CASES = [
    pytest.param(case, framework, id=f"{case.scenario}-{framework}")
    for case in FORCED
    for framework in case.frameworks
]


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def force(cell: Cell, reason: str, folder: Path) -> Cell:
    """Return the cell with its adapter copied into ``folder`` and not refusing for ``reason``."""

    def copy(path: Path) -> Path:
        text = path.read_text()
        for match in REFUSAL.finditer(text):
            if match[1] == reason:
                text = text.replace(match[0], "pass")
        (folder / path.name).write_text(text)
        return folder / path.name

    framework, image = cell.entry.framework, cell.image
    if image.adapter:
        image = dataclasses.replace(image, adapter=copy(image.adapter))
    forced = dataclasses.replace(
        framework,
        adapter=copy(framework.adapter),
        files=tuple(copy(path) for path in framework.files),
    )
    entry = msgspec.structs.replace(cell.entry, framework=forced)
    return msgspec.structs.replace(cell, entry=entry, image=image)


def named(framework: str, axes: str) -> str:
    return f"{framework}:{axes}" if axes else framework


def losses(record: Record) -> list[float]:
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    (values,) = (phase.values for phase in record.result.phases if phase.name == "loss")
    return [float(value) for value in values]


def test_every_case_is_what_its_adapter_refuses() -> None:
    frameworks = open_workspace().catalog().frameworks
    for case in FORCED:
        for name in {framework.partition("==")[0] for framework in case.frameworks}:
            folder = frameworks[name].framework.adapter.parent
            sources = [path.read_text() for path in folder.glob("adapter*.py")]
            reasons = [reason for text in sources for reason in REFUSAL.findall(text)]
            assert reasons.count(case.reason) == 1


@pytest.mark.full
@pytest.mark.parametrize(("case", "framework"), CASES)
def test_what_an_adapter_refuses_comes_out_wrong(
    laboratory: Laboratory, tmp_path: Path, case: Forced, framework: str
) -> None:
    cell = laboratory.cell(case.scenario, named(framework, case.axes))
    refused = laboratory.execute_cell(cell).outcome
    assert (refused.status, refused.detail) == ("unsupported", case.reason)
    found = losses(laboratory.execute_cell(force(cell, case.reason, tmp_path)))
    asked = losses(laboratory.execute(case.scenario, named("numpy", case.axes)))
    # The first loss comes before any update.
    assert found[0] == pytest.approx(asked[0], rel=ROUNDING)
    assert found != pytest.approx(asked, rel=ANOTHER)
    if case.does:
        done = losses(laboratory.execute(case.scenario, named("numpy", case.does)))
        assert found == pytest.approx(done, rel=ROUNDING)
