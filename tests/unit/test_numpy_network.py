"""The oracle as a whole: graphs, the loss, optimizers against their written definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_source import oracle_modules

from dlbench.worker import task as worker_task

Array = NDArray[Any]


@pytest.fixture(scope="module")
def oracle() -> Iterator[SimpleNamespace]:
    with oracle_modules() as modules:
        yield modules


def layer(kind: str, name: str, inputs: list[str], **more: Any) -> dict[str, Any]:
    weights = more.pop("weights", {})
    return {
        "kind": kind,
        "name": name,
        "inputs": inputs,
        "parameters": more.pop("parameters", {}),
        "weights": [
            {"name": f"{name}/{role}", "shape": shape, "initializer": "zeros"}
            for role, shape in weights.items()
        ],
        **more,
    }


def story_task(reduction: str) -> dict[str, Any]:
    """Two inputs, one read twice: embedding, LSTM, repeat, add, LSTM, dense."""
    lstm_shapes = {"kernel": (3, 12), "recurrent_kernel": (3, 12), "bias": (12,)}
    lstm = {"units": 3, "return_sequences": False, "gate_activation": "sigmoid"}
    embedded = {"embeddings": (7, 3)}
    layers = [
        layer(
            "embedding", "s", ["story"], input_shapes=[(5,)], output_shape=(5, 3), weights=embedded
        ),
        layer(
            "embedding",
            "q",
            ["question"],
            input_shapes=[(2,)],
            output_shape=(2, 3),
            weights=embedded,
        ),
        layer(
            "lstm",
            "read",
            ["q"],
            parameters=lstm,
            input_shapes=[(2, 3)],
            output_shape=(3,),
            weights=lstm_shapes,
        ),
        layer(
            "repeat",
            "again",
            ["read"],
            parameters={"times": 5},
            input_shapes=[(3,)],
            output_shape=(5, 3),
        ),
        layer("add", "both", ["s", "again"], input_shapes=[(5, 3), (5, 3)], output_shape=(5, 3)),
        layer(
            "lstm",
            "think",
            ["both"],
            parameters=lstm,
            input_shapes=[(5, 3)],
            output_shape=(3,),
            weights=lstm_shapes,
        ),
        layer("add", "skip", ["think", "read"], input_shapes=[(3,), (3,)], output_shape=(3,)),
        layer(
            "dense",
            "scores",
            ["skip"],
            input_shapes=[(3,)],
            output_shape=(4,),
            weights={"kernel": (3, 4), "bias": (4,)},
        ),
    ]
    return {
        "inputs": [
            {"name": "story", "shape": [5], "dtype": "int32", "vocabulary": 7},
            {"name": "question", "shape": [2], "dtype": "int32", "vocabulary": 7},
        ],
        "layers": layers,
        "output": "scores",
        "output_activation": "softmax",
        "output_shape": [4],
        "target": {"classes": 4},
        "loss": {"kind": "softmax_cross_entropy", "reduction": reduction},
        "optimizer": {"kind": "sgd", "parameters": {"learning_rate": 1.0}},
        "batch_size": 3,
        "precision": {"storage": "float64", "compute": "float64", "accumulation": "float64"},
    }


def built(oracle: SimpleNamespace, task: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return an adapter with random weights, and a prepared batch."""
    state = np.random.RandomState(8)
    adapter = oracle.adapter.Adapter(SimpleNamespace(seed=1, threads=None))
    adapter.build(worker_task.Task(task))
    weights = adapter.get_weights()
    adapter.set_weights({n: state.uniform(-1, 1, array.shape) for n, array in weights.items()})
    batch = {
        "inputs": {
            "story": state.randint(0, 7, (3, 5)).astype(np.int32),
            "question": state.randint(0, 7, (3, 2)).astype(np.int32),
        },
        "target": np.array([0, 3, 1], np.int32),
    }
    return adapter, adapter.prepare(batch)


def loss_at(adapter: Any, prepared: dict[str, Any], reduction: str) -> float:
    """Return the loss from the predicted chances alone."""
    chances = adapter.predict(prepared)
    losses = -np.log(chances[np.arange(3), prepared["target"]])
    return float(losses.mean() if reduction == "mean" else losses.sum())


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_one_step_of_sgd_moves_each_weight_by_the_slope_of_the_loss(
    oracle: SimpleNamespace, reduction: str
) -> None:
    adapter, prepared = built(oracle, story_task(reduction))
    before = adapter.get_weights()
    slopes = {}
    for name, array in before.items():
        slopes[name] = np.empty_like(array)
        for index in np.ndindex(array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = array.copy()
                moved[index] += step
                adapter.set_weights({name: moved})
                sides.append(loss_at(adapter, prepared, reduction))
            slopes[name][index] = (sides[0] - sides[1]) / 2e-6
        adapter.set_weights({name: array})
    expected_loss = loss_at(adapter, prepared, reduction)
    adapter.train_step(prepared)
    assert adapter.loss() == pytest.approx(expected_loss, rel=1e-12)
    after = adapter.get_weights()
    for name, slope in slopes.items():
        np.testing.assert_allclose(
            before[name] - after[name], slope, rtol=1e-6, atol=1e-8, err_msg=name
        )


def test_labels_for_each_pixel(oracle: SimpleNamespace) -> None:
    state = np.random.RandomState(2)
    logits = state.uniform(-1, 1, (2, 3, 4, 5))
    target = state.randint(0, 5, (2, 3, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    chosen = np.take_along_axis(chances, target[..., None], axis=-1)
    total, gradient = oracle.adapter.cross_entropy(logits, target, "sum")
    assert total == pytest.approx(-np.log(chosen).sum())
    hot = np.eye(5)[target]
    np.testing.assert_allclose(gradient, chances - hot, rtol=1e-12, atol=1e-15)
    mean, gradient = oracle.adapter.cross_entropy(logits, target, "mean")
    assert mean == pytest.approx(total / 24)
    np.testing.assert_allclose(gradient, (chances - hot) / 24, rtol=1e-12, atol=1e-15)


def test_huge_logits_do_not_overflow(oracle: SimpleNamespace) -> None:
    logits = np.array([[1e4, -1e4, 0.0]])
    loss, gradient = oracle.adapter.cross_entropy(logits, np.array([1]), "mean")
    assert loss == pytest.approx(2e4)
    np.testing.assert_allclose(gradient, [[1.0, -1.0, 0.0]], atol=1e-12)


def sgd(w: float, gradients: list[float], p: dict[str, float]) -> float:
    v = 0.0
    for t, g in enumerate(gradients):
        rate = p["learning_rate"] / (1 + p["decay"] * t)
        v = p["momentum"] * v - rate * g
        w += p["momentum"] * v - rate * g if p["nesterov"] else v
    return w


def rmsprop(w: float, gradients: list[float], p: dict[str, float]) -> float:
    a = 0.0
    for t, g in enumerate(gradients):
        a = p["rho"] * a + (1 - p["rho"]) * g * g
        w -= p["learning_rate"] / (1 + p["decay"] * t) * g / (math.sqrt(a) + p["epsilon"])
    return w


def adagrad(w: float, gradients: list[float], p: dict[str, float]) -> float:
    a = p["accumulator"]
    for t, g in enumerate(gradients):
        a += g * g
        w -= p["learning_rate"] / (1 + p["decay"] * t) * g / (math.sqrt(a) + p["epsilon"])
    return w


def adadelta(w: float, gradients: list[float], p: dict[str, float]) -> float:
    a = d = 0.0
    for t, g in enumerate(gradients):
        a = p["rho"] * a + (1 - p["rho"]) * g * g
        u = g * math.sqrt(d + p["epsilon"]) / math.sqrt(a + p["epsilon"])
        d = p["rho"] * d + (1 - p["rho"]) * u * u
        w -= p["learning_rate"] / (1 + p["decay"] * t) * u
    return w


def adam(w: float, gradients: list[float], p: dict[str, float]) -> float:
    m = v = 0.0
    for t, g in enumerate(gradients):
        m = p["beta_1"] * m + (1 - p["beta_1"]) * g
        v = p["beta_2"] * v + (1 - p["beta_2"]) * g * g
        rate = p["learning_rate"] / (1 + p["decay"] * t)
        corrected = math.sqrt(v / (1 - p["beta_2"] ** (t + 1)))
        w -= rate * m / (1 - p["beta_1"] ** (t + 1)) / (corrected + p["epsilon"])
    return w


Definition = Callable[[float, list[float], dict[str, float]], float]
PLAIN = {"momentum": 0.0, "nesterov": 0.0, "decay": 0.0}

OPTIMIZERS: list[tuple[Definition, dict[str, float]]] = [
    (sgd, {**PLAIN, "learning_rate": 0.1}),
    (sgd, {**PLAIN, "learning_rate": 0.1, "decay": 0.5}),
    (sgd, {**PLAIN, "learning_rate": 0.1, "momentum": 0.9}),
    (sgd, {"learning_rate": 0.1, "momentum": 0.9, "nesterov": 1.0, "decay": 0.1}),
    (rmsprop, {"learning_rate": 0.01, "rho": 0.9, "epsilon": 0.1, "decay": 0.2}),
    (adagrad, {"learning_rate": 0.01, "accumulator": 0.3, "epsilon": 0.1, "decay": 0.2}),
    (adadelta, {"learning_rate": 1.0, "rho": 0.95, "epsilon": 0.1, "decay": 0.2}),
    (adam, {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.99, "epsilon": 0.1, "decay": 0.2}),
]


@pytest.mark.parametrize(
    ("definition", "parameters"), OPTIMIZERS, ids=[one[0].__name__ for one in OPTIMIZERS]
)
def test_optimizers_follow_their_definitions(
    oracle: SimpleNamespace, definition: Definition, parameters: dict[str, float]
) -> None:
    facts = SimpleNamespace(kind=definition.__name__, parameters=parameters)
    optimizer = oracle.optimizers.make_optimizer(facts)
    gradients = np.array([[0.5, -0.2], [0.1, 0.7], [-0.4, 0.3]])
    weight = np.array([1.0, -2.0])
    expected = [definition(w, gradients[:, i].tolist(), parameters) for i, w in enumerate(weight)]
    for gradient in gradients:
        optimizer.update([("w", weight, gradient.copy())])
    np.testing.assert_allclose(weight, expected, rtol=1e-12)


def test_float32_stays_float32(oracle: SimpleNamespace) -> None:
    task = story_task("mean")
    task["precision"]["compute"] = "float32"
    adapter, prepared = built(oracle, task)
    adapter.train_step(prepared)
    assert adapter.predict(prepared).dtype == np.float32
    assert {array.dtype for array in adapter.get_weights().values()} == {np.dtype("float32")}
    assert adapter.settings()["precision"] == ["float32"]
