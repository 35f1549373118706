"""The oracle's layers: forward against plain loops, backward against finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_source import oracle_modules

from dlbench.worker import task as worker_task

Array = NDArray[Any]
STEP = 1e-6


@pytest.fixture(scope="module")
def oracle() -> Iterator[SimpleNamespace]:
    with oracle_modules() as modules:
        yield modules


def facts(
    kind: str,
    parameters: dict[str, Any],
    inputs: list[tuple[int, ...]],
    output: tuple[int, ...],
    weights: dict[str, tuple[int, ...]] | None = None,
    layers: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return a layer as the job has it; names of inputs do not matter here."""
    return {
        "kind": kind,
        "name": kind,
        "inputs": [f"in{index}" for index in range(len(inputs))],
        "parameters": parameters,
        "input_shapes": inputs,
        "output_shape": output,
        "weights": [
            {"name": f"{kind}/{role}", "shape": shape, "initializer": "zeros"}
            for role, shape in (weights or {}).items()
        ],
        "layers": layers or [],
    }


def windows(kind: str, image: tuple[int, ...], out: tuple[int, ...], **more: Any) -> dict[str, Any]:
    if kind == "convolution":
        kernel = (*more["kernel"], image[2], out[2])
        return facts(kind, more, [image], out, {"kernel": kernel, "bias": (out[2],)})
    return facts(kind, more, [image], out)


def lstm(steps: int, features: int, units: int, *, sequences: bool, gate: str) -> dict[str, Any]:
    parameters = {"units": units, "return_sequences": sequences, "gate_activation": gate}
    shapes = {
        "kernel": (features, 4 * units),
        "recurrent_kernel": (units, 4 * units),
        "bias": (4 * units,),
    }
    output = (steps, units) if sequences else (units,)
    return facts("lstm", parameters, [(steps, features)], output, shapes)


def activation(function: str) -> dict[str, Any]:
    return facts("activation", {"function": function}, [(7,)], (7,))


DENSE = facts("dense", {"units": 3}, [(5,)], (3,), {"kernel": (5, 3), "bias": (3,)})
SAME = {"padding": "same"}
VALID = {"padding": "valid"}

CASES = {
    "dense": DENSE,
    "dense without bias": facts("dense", {"units": 3}, [(5,)], (3,), {"kernel": (5, 3)}),
    "dense over pixels": facts(
        "dense", {}, [(2, 4, 5)], (2, 4, 3), {"kernel": (5, 3), "bias": (3,)}
    ),
    "relu": activation("relu"),
    "tanh": activation("tanh"),
    "sigmoid": activation("sigmoid"),
    "hard_sigmoid": activation("hard_sigmoid"),
    "softmax": activation("softmax"),
    "flatten": facts("flatten", {}, [(2, 3, 4)], (24,)),
    "reshape": facts("reshape", {"shape": [6, 4]}, [(2, 3, 4)], (6, 4)),
    "permute": facts("permute", {"order": [3, 1, 2]}, [(2, 3, 4)], (4, 2, 3)),
    "repeat": facts("repeat", {"times": 3}, [(5,)], (3, 5)),
    "add": facts("add", {}, [(2, 3), (2, 3), (2, 3)], (2, 3)),
    "convolution valid": windows(
        "convolution", (6, 7, 2), (4, 5, 3), kernel=[3, 3], strides=[1, 1], **VALID
    ),
    "convolution same": windows(
        "convolution", (5, 4, 2), (5, 4, 3), kernel=[3, 2], strides=[1, 1], **SAME
    ),
    "convolution strided": windows(
        "convolution", (7, 6, 2), (3, 3, 4), kernel=[3, 2], strides=[2, 2], **VALID
    ),
    "convolution strided same": windows(
        "convolution", (7, 6, 1), (4, 2, 2), kernel=[3, 5], strides=[2, 3], **SAME
    ),
    "max_pool": windows("max_pool", (6, 4, 3), (3, 2, 3), size=[2, 2], strides=[2, 2], **VALID),
    "max_pool overlapping": windows(
        "max_pool", (7, 5, 2), (3, 3, 2), size=[3, 2], strides=[2, 1], padding="valid"
    )
    | {"output_shape": (3, 4, 2)},
    "max_pool same": windows("max_pool", (5, 5, 2), (3, 3, 2), size=[3, 3], strides=[2, 2], **SAME),
    "average_pool": windows(
        "average_pool", (6, 4, 3), (3, 2, 3), size=[2, 2], strides=[2, 2], **VALID
    ),
    "average_pool same": windows(
        "average_pool", (5, 5, 2), (3, 3, 2), size=[3, 3], strides=[2, 2], **SAME
    ),
    "lstm": lstm(4, 3, 2, sequences=False, gate="sigmoid"),
    "lstm sequences": lstm(4, 3, 2, sequences=True, gate="sigmoid"),
    "lstm hard": lstm(4, 3, 2, sequences=True, gate="hard_sigmoid"),
    "time_distributed dense": facts(
        "time_distributed", {}, [(4, 5)], (4, 3), layers=[DENSE, activation("tanh")]
    ),
    "time_distributed lstm": facts(
        "time_distributed",
        {},
        [(2, 4, 3)],
        (2, 2),
        layers=[lstm(4, 3, 2, sequences=False, gate="sigmoid")],
    ),
}


def make(oracle: SimpleNamespace, case: dict[str, Any]) -> tuple[Any, list[Array], Array]:
    """Return a layer with random weights, random inputs for it, and a gradient of its output."""
    state = np.random.RandomState(3)
    layer = oracle.network.make_layer(worker_task.Layer(case), np.dtype("float64"), 5)
    for _, owner, role in layer.named_weights():
        owner.weights[role][...] = state.uniform(-1, 1, owner.weights[role].shape)
    wide = 4 if case["parameters"].get("function") == "hard_sigmoid" else 1
    inputs = [state.uniform(-wide, wide, (2, *shape)) for shape in case["input_shapes"]]
    return layer, inputs, state.uniform(-1, 1, (2, *case["output_shape"]))


def slope(layer: Any, inputs: list[Array], upstream: Array, array: Array) -> Array:
    """Return the central difference of sum(output x upstream) for every element of ``array``."""
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        sides = []
        for moved in (kept + STEP, kept - STEP):
            array[index] = moved
            sides.append(float((layer.forward(inputs, training=True) * upstream).sum()))
        array[index] = kept
        result[index] = (sides[0] - sides[1]) / (2 * STEP)
    return result


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_backward_is_the_slope_of_forward(oracle: SimpleNamespace, case: dict[str, Any]) -> None:
    layer, inputs, upstream = make(oracle, case)
    output = layer.forward(inputs, training=True)
    assert output.shape == upstream.shape
    backward = layer.backward(upstream.copy())
    for array, gradient in zip(inputs, backward, strict=True):
        expected = slope(layer, inputs, upstream, array)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    layer.forward(inputs, training=True)
    layer.backward(upstream.copy())
    for name, owner, role in layer.named_weights():
        expected = slope(layer, inputs, upstream, owner.weights[role])
        np.testing.assert_allclose(
            owner.gradients[role], expected, rtol=1e-6, atol=1e-8, err_msg=name
        )


def pad_same(image: Array, size: list[int], strides: list[int], value: float) -> Array:
    """Pad so that an axis gives ceil(length / stride) windows, the odd element at its end."""
    pads = [(0, 0)]
    for length, extent, stride in zip(image.shape[1:3], size, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + extent - length, 0)
        pads.append((total // 2, total - total // 2))
    return np.pad(image, [*pads, (0, 0)], constant_values=value)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("convolution")])
def test_convolution_is_the_sum_over_each_window(oracle: SimpleNamespace, name: str) -> None:
    case = CASES[name]
    layer, (image,), _ = make(oracle, case)
    output = layer.forward([image], training=False)
    (high, wide), (down, right) = case["parameters"]["kernel"], case["parameters"]["strides"]
    if case["parameters"]["padding"] == "same":
        image = pad_same(image, [high, wide], [down, right], 0.0)
    kernel, bias = layer.weights["kernel"], layer.weights["bias"]
    for item, i, j, filter_ in product(*map(range, output.shape)):
        window = image[item, i * down : i * down + high, j * right : j * right + wide]
        expected = (window * kernel[..., filter_]).sum() + bias[filter_]
        assert output[item, i, j, filter_] == pytest.approx(expected)


@pytest.mark.parametrize("name", [name for name in CASES if "pool" in name])
def test_pooling_looks_at_each_window(oracle: SimpleNamespace, name: str) -> None:
    case = CASES[name]
    layer, (image,), _ = make(oracle, case)
    output = layer.forward([image], training=False)
    (high, wide), (down, right) = case["parameters"]["size"], case["parameters"]["strides"]
    if case["parameters"]["padding"] == "same":
        image = pad_same(image, [high, wide], [down, right], np.nan)
    over = np.nanmax if case["kind"] == "max_pool" else np.nanmean
    for item, i, j, channel in product(*map(range, output.shape)):
        window = image[item, i * down : i * down + high, j * right : j * right + wide, channel]
        assert output[item, i, j, channel] == pytest.approx(over(window))


def test_the_first_of_equal_maxima_takes_the_gradient(oracle: SimpleNamespace) -> None:
    layer, _, _ = make(oracle, CASES["max_pool"])
    output = layer.forward([np.ones((1, 6, 4, 3))], training=True)
    (gradient,) = layer.backward(np.ones_like(output))
    expected = np.zeros((6, 4, 3))
    expected[::2, ::2] = 1.0
    np.testing.assert_array_equal(gradient[0], expected)


@pytest.mark.parametrize("chunk_bytes", [1, 500, 3000])
def test_convolution_in_any_chunks_is_the_same(
    oracle: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    layer, inputs, upstream = make(oracle, CASES["convolution strided same"])
    whole = layer.forward(inputs, training=True)
    (of_input,) = layer.backward(upstream)
    of_kernel = layer.gradients["kernel"]
    monkeypatch.setattr(oracle.images, "_CHUNK_BYTES", chunk_bytes)
    np.testing.assert_allclose(layer.forward(inputs, training=True), whole, rtol=1e-12)
    (of_input_again,) = layer.backward(upstream)
    np.testing.assert_allclose(of_input_again, of_input, rtol=1e-12)
    np.testing.assert_allclose(layer.gradients["kernel"], of_kernel, rtol=1e-12)


def test_lstm_follows_its_definition(oracle: SimpleNamespace) -> None:
    layer, (rows,), _ = make(oracle, CASES["lstm sequences"])
    kernel, recurrent = layer.weights["kernel"], layer.weights["recurrent_kernel"]
    output = layer.forward([rows], training=False)
    hidden, cell = np.zeros((2, 2)), np.zeros((2, 2))
    for step in range(4):
        z = rows[:, step] @ kernel + hidden @ recurrent + layer.weights["bias"]
        gate_in, forget, gate_out = (1 / (1 + np.exp(-z[:, at : at + 2])) for at in (0, 2, 6))
        cell = forget * cell + gate_in * np.tanh(z[:, 4:6])
        hidden = gate_out * np.tanh(cell)
        np.testing.assert_allclose(output[:, step], hidden, rtol=1e-12)


def embedding(oracle: SimpleNamespace) -> Any:
    case = facts("embedding", {}, [(4,)], (4, 3), {"embeddings": (6, 3)})
    return make(oracle, case)[0]


def test_embedding_sums_the_gradients_of_equal_indices(oracle: SimpleNamespace) -> None:
    layer = embedding(oracle)
    indices = np.array([[5, 0, 5, 2], [2, 2, 0, 5]], np.int32)
    output = layer.forward([indices], training=True)
    np.testing.assert_array_equal(output, layer.weights["embeddings"][indices])
    upstream = np.random.RandomState(1).uniform(-1, 1, output.shape)
    assert layer.backward(upstream) == [None]
    expected = np.zeros((6, 3))
    np.add.at(expected, indices, upstream)
    np.testing.assert_allclose(layer.gradients["embeddings"], expected, rtol=1e-12)


def test_dropout_scales_what_stays_and_is_off_in_prediction(oracle: SimpleNamespace) -> None:
    case = facts("dropout", {"rate": 0.25}, [(10000,)], (10000,))
    layer, (values,), upstream = make(oracle, case)
    output = layer.forward([values], training=True)
    dropped = output == 0
    assert 0.23 < dropped.mean() < 0.27
    np.testing.assert_allclose(output[~dropped], values[~dropped] / 0.75)
    (gradient,) = layer.backward(upstream)
    np.testing.assert_allclose(gradient, np.where(dropped, 0, upstream / 0.75))
    again = layer.forward([values], training=True)
    assert (again == 0).tolist() != dropped.tolist()
    np.testing.assert_array_equal(layer.forward([values], training=False), values)
