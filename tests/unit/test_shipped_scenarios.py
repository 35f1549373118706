"""The shipped scenarios are the workloads of the comparisons that they are named after."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from dlbench.network import summarize
from dlbench.scenario import Scenario, load, names

SHIPPED = Path(__file__).parents[2] / "scenarios"
FILES = names([SHIPPED])


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a comparison states of one of its networks."""

    parameters: int
    batch_size: int
    optimizer: str
    #: Of the optimizer; what is not named here is of no matter or zero.
    rates: dict[str, float]
    #: Of the full plan; 0 where steps are measured.
    epochs: int
    dataset: str
    inputs: dict[str, tuple[int, ...]]
    classes: int
    reduction: str = "mean"
    #: Rates of the dropout layers, in order.
    dropout: list[float] = field(default_factory=list)


def lstm(width: int, units: int) -> int:
    return 4 * units * (width + units + 1)


def dense(*sizes: int) -> int:
    return sum((one + 1) * two for one, two in itertools.pairwise(sizes))


WORKLOADS = {
    "babi-rnn": Workload(
        parameters=2 * 36 * 50 + 2 * lstm(50, 50) + dense(50, 36),
        batch_size=32,
        optimizer="adam",
        rates={"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999},
        epochs=40,
        dataset="babi-qa2",
        inputs={"story": (552,), "question": (5,)},
        classes=36,
        dropout=[0.3, 0.3, 0.3],
    ),
    "cifar10-cnn": Workload(
        parameters=1_250_858,
        batch_size=32,
        optimizer="rmsprop",
        rates={"learning_rate": 0.0001, "rho": 0.9, "decay": 1e-6},
        epochs=50,
        dataset="cifar10",
        inputs={"image": (32, 32, 3)},
        classes=10,
        dropout=[0.25, 0.25, 0.5],
    ),
    "fcnn-depth": Workload(
        parameters=dense(784, 100, 100, 10),
        batch_size=128,
        optimizer="sgd",
        rates={"learning_rate": 0.1},
        epochs=10,
        dataset="mnist",
        inputs={"image": (784,)},
        classes=10,
    ),
    "fcnn-width": Workload(
        parameters=dense(784, 128, 10),
        batch_size=128,
        optimizer="sgd",
        rates={"learning_rate": 0.1},
        epochs=10,
        dataset="mnist",
        inputs={"image": (784,)},
        classes=10,
    ),
    "mnist-cnn": Workload(
        parameters=1_199_882,
        batch_size=128,
        optimizer="adadelta",
        rates={"learning_rate": 1.0, "rho": 0.95},
        epochs=12,
        dataset="mnist",
        inputs={"image": (28, 28, 1)},
        classes=10,
        dropout=[0.25, 0.5],
    ),
    "mnist-hrnn": Workload(
        parameters=lstm(1, 128) + lstm(128, 128) + dense(128, 10),
        batch_size=32,
        optimizer="rmsprop",
        rates={"learning_rate": 0.001, "rho": 0.9},
        epochs=5,
        dataset="mnist",
        inputs={"image": (28, 28, 1)},
        classes=10,
    ),
    "mnist-mlp": Workload(
        parameters=dense(784, 512, 512, 10),
        batch_size=128,
        optimizer="rmsprop",
        rates={"learning_rate": 0.001, "rho": 0.9},
        epochs=20,
        dataset="mnist",
        inputs={"image": (784,)},
        classes=10,
        dropout=[0.2, 0.2],
    ),
    "vgg-toy": Workload(
        parameters=640 + 36_928 + 12_117,
        batch_size=10,
        optimizer="adagrad",
        rates={"learning_rate": 0.01, "accumulator": 0.0, "epsilon": 1e-6},
        epochs=3,
        dataset="synthetic",
        inputs={"image": (850, 649, 1)},
        classes=21,
        reduction="sum",
    ),
    "vgg16": Workload(
        parameters=138_357_544,
        batch_size=16,
        optimizer="sgd",
        rates={"learning_rate": 0.01},
        epochs=0,
        dataset="synthetic",
        inputs={"image": (224, 224, 3)},
        classes=1000,
    ),
}


def kinds(scenario: Scenario, kind: str) -> list[dict[str, object]]:
    """Return the parameters of every layer of ``kind``, inner ones too, in network order."""
    found = []
    for layer in scenario.network:
        for one in (layer, *layer.layers):
            if one.kind == kind:
                found.append(one.parameters)
    return found


def test_there_are_nine() -> None:
    assert set(FILES) == set(WORKLOADS)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_scenario_is_the_workload_that_was_published(name: str) -> None:
    scenario, stated = load(FILES[name]), WORKLOADS[name]
    assert scenario.name == name
    assert scenario.summary
    assert scenario.source
    assert summarize(scenario).parameter_count == stated.parameters
    assert scenario.batch_size == stated.batch_size
    assert scenario.optimizer is not None
    assert scenario.optimizer.kind == stated.optimizer
    others = dict.fromkeys(set(scenario.optimizer.parameters) - set(stated.rates), 0.0)
    others.pop("epsilon", None)
    assert scenario.optimizer.parameters | stated.rates | others == scenario.optimizer.parameters
    assert scenario.loss.reduction == stated.reduction
    assert scenario.plans["full"].epochs == stated.epochs
    assert scenario.data.dataset == stated.dataset
    assert {one.name: one.shape for one in scenario.data.inputs} == stated.inputs
    assert scenario.data.target.classes == stated.classes
    assert [layer["rate"] for layer in kinds(scenario, "dropout")] == stated.dropout


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name not in ("vgg16", "vgg-toy")])
def test_pixels_are_scaled_and_words_are_not(name: str) -> None:
    for one in load(FILES[name]).data.inputs:
        assert (one.divide_by, one.vocabulary) == ((1, 36) if one.dtype == "int32" else (255, 0))


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_depth_and_activation_are_swept(depth: int, activation: str) -> None:
    scenario = load(FILES["fcnn-depth"], {"depth": depth, "activation": activation})
    hidden = [100] * depth
    assert summarize(scenario).parameter_count == dense(784, *hidden, 10)
    found = [layer["function"] for layer in kinds(scenario, "activation")]
    assert found == [activation] * depth + ["softmax"]


@pytest.mark.parametrize("width", [64, 128, 512, 1024])
def test_width_is_swept(width: int) -> None:
    scenario = load(FILES["fcnn-width"], {"width": width})
    assert summarize(scenario).parameter_count == dense(784, width, 10)


@pytest.mark.parametrize("name", ["fcnn-depth", "fcnn-width"])
def test_the_papers_own_pixels_can_be_asked_for(name: str) -> None:
    (raw,) = load(FILES[name], {"input_scale": "raw"}).data.inputs
    assert raw.divide_by == 1


@pytest.mark.parametrize(("name", "count"), [("mnist-hrnn", 2), ("babi-rnn", 2)])
@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
def test_all_gates_are_those_asked_for(name: str, count: int, gate: str) -> None:
    found = kinds(load(FILES[name], {"gate_activation": gate}), "lstm")
    assert [layer["gate_activation"] for layer in found] == [gate] * count
    assert {layer["gate_activation"] for layer in kinds(load(FILES[name]), "lstm")} == {"sigmoid"}


@pytest.mark.parametrize("name", ["cifar10-cnn", "babi-rnn"])
def test_what_else_the_originals_do_to_their_data(name: str) -> None:
    data = load(FILES[name], {"augmentation": "on"} if name == "cifar10-cnn" else {}).data
    assert data.validation == (0.05 if name == "babi-rnn" else 0)
    found = msgspec.to_builtins(data.augment)
    wanted = {"flip": "horizontal", "shift": 0.1} if name == "cifar10-cnn" else None
    assert found == wanted
    assert load(FILES[name]).data.augment is None


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_defaults_are_among_the_values(name: str) -> None:
    for parameter in load(FILES[name]).parameters:
        assert parameter.summary
        assert parameter.default in parameter.values
