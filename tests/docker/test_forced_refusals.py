"""What is refused fails where it is forced, by the framework's own doing: a case for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

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


def says_nothing(record: Record) -> bool:
    """Say whether the run went well, as if what it was asked for had been done."""
    return record.outcome.ok


def has_no(name: str) -> Callable[[Record], bool]:
    """Return what says whether the run failed for want of ``name``."""

    def misses(record: Record) -> bool:
        assert not record.outcome.ok
        assert record.result is not None
        assert record.result.failure is not None
        # A kernel that is not there has a type of error for an answer, and no words.
        missing = ("AttributeError", "NotImplementedError")
        return record.result.failure.type in missing and name in record.result.failure.traceback

    return misses


def lacks_class(name: str) -> Callable[[Record], bool]:
    """Return what says whether the run failed for want of a class of Deeplearning4j."""

    def misses(record: Record) -> bool:
        assert not record.outcome.ok
        return f"Class org.deeplearning4j.nn.conf.{name} is not found" in record.outcome.detail

    return misses


def knows_no_hard_sigmoid(record: Record) -> bool:
    """Say whether the run failed with ND4J's own words."""
    assert not record.outcome.ok
    return "Illegal name hardsigmoid" in record.outcome.detail


def takes_another_layout(record: Record) -> bool:
    """Say whether the run went well and the audit found the other layout alone."""
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    fact = record.result.audit["layout_as_set"]
    return fact["passed"] is False and {fact["asked"], *fact["found"]} == {"NHWC", "NCHW"}


def takes_channels_first_alone(record: Record) -> bool:
    """Say whether the run failed with MXNet's own words."""
    assert not record.outcome.ok
    assert record.result is not None
    assert record.result.failure is not None
    return "Only support NCW, NCHW and NCDHW layout" in record.result.failure.traceback


def pools_no_same(record: Record) -> bool:
    """Say whether the run failed with MXNet's own words."""
    assert not record.outcome.ok
    return "Invalid Input: 'same'" in record.outcome.detail


def predicts_all_alike(record: Record) -> bool:
    """Say whether the first step's ten classes are as likely as each other, as with no input."""
    return losses(record)[0] == pytest.approx(math.log(10), rel=1e-6)


def losses(record: Record) -> list[float]:
    assert record.outcome.ok, record.outcome
    assert record.result is not None
    (values,) = (phase.values for phase in record.result.phases if phase.name == "loss")
    return [float(value) for value in values]


@dataclass(frozen=True, kw_only=True)
class Forced:
    """A scenario, a framework, the axes that it refuses, and what comes of them.

    Without axes it is the scenario's layers that it refuses.
    """

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
    Forced(
        reason="TensorFlow 1.15.0 takes no NCHW images on the CPU, only Intel's build of it does",
        scenario="probe-images",
        framework="tensorflow==1.15.0",
        axes={"layout": "NCHW"},
        shows=takes_no_such_image,
    ),
    Forced(
        reason="the gates of Caffe's LSTM are sigmoids and cannot be set",
        scenario="probe-stories",
        framework="caffe",
        axes={"gate_activation": "hard_sigmoid"},
        shows=says_nothing,
    ),
    Forced(
        reason="PyTorch 1.0.0 has no memory formats: images are NCHW",
        scenario="probe-images",
        framework="torch==1.0.0",
        axes={"layout": "NHWC"},
        shows=has_no("channels_last"),
    ),
    Forced(
        reason="PyTorch 1.0.0 has no torch.compile",
        scenario="probe-vectors",
        framework="torch==1.0.0",
        axes={"compile": "on"},
        shows=has_no("'compile'"),
    ),
    Forced(
        reason="PyTorch 1.0.0 has no bfloat16",
        scenario="probe-vectors",
        framework="torch==1.0.0",
        axes={"precision": "bfloat16"},
        shows=has_no("bfloat16"),
    ),
    Forced(
        reason="Torch7's nn has no recurrent layers, and THNN no kernels for CPUs",
        scenario="probe-rows",
        framework="torch7",
        axes={},
        shows=has_no("LSTMFused_updateOutput"),
    ),
    Forced(
        reason="Keras on TensorFlow turns NCHW images into NHWC for every operation, and back",
        scenario="probe-images",
        framework="keras==tensorflow-1.0.0",
        axes={"layout": "NCHW"},
        shows=takes_another_layout,
    ),
    Forced(
        reason="Keras on Theano turns NHWC images into NCHW for every operation, and back",
        scenario="probe-pixels",
        framework="keras==theano-1.0.5",
        axes={"layout": "NHWC"},
        shows=takes_another_layout,
    ),
    Forced(
        reason="Keras on CNTK turns NHWC images into NCHW for every operation, and back",
        scenario="probe-pixels",
        framework="keras==cntk-2.7",
        axes={"layout": "NHWC"},
        shows=takes_another_layout,
    ),
    Forced(
        reason="Keras on Theano pads 'same' pooling before the image too, which moves its windows",
        scenario="probe-images",
        framework="keras==theano-1.0.5",
        axes={},
        shows=says_nothing,
    ),
    Forced(
        reason="Keras on MXNet turns NHWC images into NCHW for every operation, and back",
        scenario="probe-pixels",
        framework="keras==mxnet-1.5.1",
        axes={"layout": "NHWC"},
        shows=takes_another_layout,
    ),
    Forced(
        reason="Keras on MXNet has no 'same' pooling of images",
        scenario="probe-images",
        framework="keras==mxnet-0.11.0",
        axes={},
        shows=pools_no_same,
    ),
    Forced(
        reason="LSTMs of keras-mxnet 2.2.4.2 give zeros, whatever they read; unrolled, it crashes",
        scenario="probe-rows",
        framework="keras==mxnet-1.5.1",
        axes={},
        shows=predicts_all_alike,
    ),
    Forced(
        reason="MXNet's convolutions take no NHWC images on the CPU",
        scenario="probe-pixels",
        framework="mxnet==0.11.0",
        axes={"layout": "NHWC"},
        shows=takes_channels_first_alone,
    ),
    Forced(
        reason="Deeplearning4j's oneDNN convolutions give wrong gradients for NHWC images",
        scenario="probe-images",
        framework="deeplearning4j==1.0.0-M2.1",
        axes={"layout": "NHWC"},
        shows=says_nothing,
    ),
    Forced(
        reason="Deeplearning4j 0.4-rc3.8 has no layers that take NHWC images",
        scenario="probe-images",
        framework="deeplearning4j==0.4-rc3.8",
        axes={"layout": "NHWC"},
        shows=lacks_class("CNN2DFormat"),
    ),
    Forced(
        reason="Deeplearning4j 0.4-rc3.8 has neither embeddings, plain LSTMs, sums nor turned axes",
        scenario="probe-stories",
        framework="deeplearning4j==0.4-rc3.8",
        axes={},
        shows=lacks_class("layers.EmbeddingLayer"),
    ),
    Forced(
        reason="Deeplearning4j 0.4-rc3.8 has no hard sigmoid",
        scenario="curves",
        framework="deeplearning4j==0.4-rc3.8",
        axes={},
        shows=knows_no_hard_sigmoid,
    ),
)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    engine = DockerEngine()
    yield Laboratory(open_workspace(), engine, tmp_path_factory.mktemp("runs"))
    engine.close()


def test_every_refusal_is_forced() -> None:
    frameworks = [one.framework for one in open_workspace().catalog().frameworks.values()]
    reasons = [rule.reason for found in frameworks for rule in found.supports.refusals]
    assert sorted(reasons) == sorted(case.reason for case in FORCED)


@pytest.mark.full
@pytest.mark.parametrize("case", FORCED, ids=lambda case: ",".join([case.framework, *case.axes]))
def test_what_is_refused_fails(laboratory: Laboratory, case: Forced) -> None:
    axes = ",".join(f"{name}={value}" for name, value in case.axes.items())
    named = f"{case.framework}:{axes}" if axes else case.framework
    refused = laboratory.refused(case.scenario, named)
    assert refused.reason == case.reason
    record = laboratory.execute_cell(refused.cell)
    assert case.shows(record), record.outcome


@pytest.mark.full
def test_gates_that_cannot_be_set_stay_sigmoids(laboratory: Laboratory) -> None:
    refused = laboratory.refused("probe-stories", "caffe:gate_activation=hard_sigmoid")
    forced = losses(laboratory.execute_cell(refused.cell))
    to_hard, to_soft = (
        max(abs(one - other) for one, other in zip(forced, expected, strict=True))
        for expected in (
            losses(laboratory.execute("probe-stories", f"numpy:gate_activation={gates}"))
            for gates in ("hard_sigmoid", "sigmoid")
        )
    )
    # What is left is the rounding of float32.
    assert to_soft < 2e-6 < 2e-5 < to_hard


@pytest.mark.full
def test_pooling_that_pads_before_the_image_pools_other_windows(laboratory: Laboratory) -> None:
    refused = laboratory.refused("probe-images", "keras==theano-1.0.5")
    forced = losses(laboratory.execute_cell(refused.cell))
    wanted = losses(laboratory.execute("probe-images", "numpy"))
    assert forced != pytest.approx(wanted, rel=1e-3)


@pytest.mark.full
def test_helpers_train_another_network_on_nhwc_images(laboratory: Laboratory) -> None:
    framework = "deeplearning4j==1.0.0-M2.1"
    refused = laboratory.refused("probe-images", f"{framework}:layout=NHWC")
    forced = losses(laboratory.execute_cell(refused.cell))
    wanted = losses(laboratory.execute("probe-images", "numpy"))
    right = losses(laboratory.execute("probe-images", f"{framework}:layout=NHWC,preset=stock"))
    # Predictions are right, and so is the loss before the first update; the updates are not.
    assert right == pytest.approx(wanted, rel=1e-5)
    assert forced[0] == pytest.approx(wanted[0], rel=1e-5)
    assert forced != pytest.approx(wanted, rel=1e-3)
