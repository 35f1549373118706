"""Epochs by a framework's own loop: the same training as step by step, and the oracle's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from laboratory import Laboratory

from dlbench.cli.workspace import open_workspace
from dlbench.docker_engine import DockerEngine
from dlbench.record import Record

pytestmark = pytest.mark.docker

#: Each framework that has such a loop, in each of its images, and whether every change tries it.
LOOPS = (
    ("keras==tensorflow-1.0.0", "tensorflow-1.0.0", True),
    ("keras==keras-2.0.5-tensorflow-1.0.0", "keras-2.0.5-tensorflow-1.0.0", False),
    ("keras==tensorflow-1.15.0", "tensorflow-1.15.0", False),
    ("keras==theano-0.9.0", "theano-0.9.0", False),
    ("keras==theano-1.0.5", "theano-1.0.5", False),
    ("keras==cntk-2.7", "cntk-2.7", False),
    ("keras==mxnet-0.11.0", "mxnet-0.11.0", False),
    ("keras==mxnet-1.5.1", "mxnet-1.5.1", False),
)

CASES = [
    pytest.param(
        framework,
        id=framework,
        marks=[pytest.mark.image(image), *([] if always else [pytest.mark.full])],
    )
    for framework, image, always in LOOPS
]

#: What a test set and the last batches say after two epochs.
TOLD = ("epoch_train_loss", "epoch_loss", "epoch_accuracy")


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def values(record: Record, phase: str) -> list[float]:
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    (found,) = (one.values for one in record.result.phases if one.name == phase)
    return [float(value) for value in found]


def test_every_framework_with_a_loop_of_its_own_is_tried() -> None:
    entries = open_workspace().catalog().frameworks.values()
    images = {
        (one.framework.name, image.id)
        for one in entries
        for image in one.framework.images
        if "def train_epoch" in (image.adapter or one.framework.adapter).read_text()
    }
    assert images == {(name.partition("==")[0], image) for name, image, _ in LOOPS}


@pytest.mark.parametrize("framework", CASES)
def test_its_own_loop_trains_as_steps_do(laboratory: Laboratory, framework: str) -> None:
    record = laboratory.execute("epochs", f"{framework}:loop=epoch")
    oracle = laboratory.execute("epochs", "numpy")
    assert record.job.loop == "epoch"
    assert oracle.job.loop == "step"
    assert values(record, "epoch_items") == [64]
    assert len(values(record, "epoch")) == 2
    for phase in TOLD:
        assert values(record, phase) == pytest.approx(values(oracle, phase), rel=1e-4)
    # What comes after the epochs begins where they ended.
    assert values(record, "loss") == pytest.approx(values(oracle, "loss"), rel=1e-4)
    assert len(set(values(record, "epoch_loss"))) == 2
    assert record.result is not None
    assert {fact["passed"] for fact in record.result.audit.values()} <= {True, None}
