"""Layouts, initial weights and the task, as the worker offers them to adapters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlbench.worker import initial, weights
from dlbench.worker import task as worker_task


def test_convolution_kernels_there_and_back() -> None:
    kernel = np.random.RandomState(1).uniform(size=(3, 2, 4, 5))
    turned = weights.hwio_to_oihw(kernel)
    assert turned.shape == (5, 4, 3, 2)
    assert turned.flags.c_contiguous
    assert turned[4, 3, 2, 1] == kernel[2, 1, 3, 4]
    np.testing.assert_array_equal(weights.oihw_to_hwio(turned), kernel)


def test_transposed_is_a_new_contiguous_array() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    turned = weights.transposed(matrix)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned, matrix.T)
    symmetric_shape = np.ones((1, 1))
    weights.transposed(symmetric_shape)[0, 0] = 7
    assert symmetric_shape[0, 0] == 1


def test_dense_rows_after_a_channels_first_flattening_give_the_same_output() -> None:
    state = np.random.RandomState(1)
    image, kernel = state.uniform(size=(2, 3, 4)), state.uniform(size=(24, 5))
    expected = image.reshape(-1) @ kernel
    turned = weights.rows_to_channels_first(kernel, (2, 3, 4))
    np.testing.assert_allclose(image.transpose(2, 0, 1).reshape(-1) @ turned, expected)
    np.testing.assert_array_equal(weights.rows_from_channels_first(turned, (2, 3, 4)), kernel)


def test_dense_rows_without_an_image_stay() -> None:
    kernel = np.arange(6.0).reshape(2, 3)
    for translate in (weights.rows_to_channels_first, weights.rows_from_channels_first):
        same = translate(kernel, None)
        np.testing.assert_array_equal(same, kernel)
        assert same is not kernel


def test_gates_are_reordered_in_blocks() -> None:
    bias = np.array([1, 1, 2, 2, 3, 3, 4, 4])
    np.testing.assert_array_equal(
        weights.reorder_gates(bias, "ifco", "cifo"), [3, 3, 1, 1, 2, 2, 4, 4]
    )
    kernel = np.arange(24).reshape(3, 8)
    there = weights.reorder_gates(kernel, "ifco", "ofci")
    np.testing.assert_array_equal(weights.reorder_gates(there, "ofci", "ifco"), kernel)


def weight(shape: tuple[int, ...], initializer: str) -> Any:
    return worker_task.Weight({"name": "layer/kernel", "shape": shape, "initializer": initializer})


@pytest.mark.parametrize(
    ("initializer", "shape", "low", "high", "deviation"),
    [
        ("glorot_uniform", (300, 500), -0.0867, 0.0867, 0.05),
        ("glorot_uniform", (3, 3, 64, 128), -0.059, 0.059, 0.0340),
        ("he_normal", (3, 3, 64, 128), -0.35, 0.35, 0.0589),
        ("uniform_0.05", (100, 500), -0.05, 0.05, 0.0289),
    ],
)
def test_initial_weights_have_the_spread_of_their_definition(
    initializer: str, shape: tuple[int, ...], low: float, high: float, deviation: float
) -> None:
    made = initial.make(weight(shape, initializer), 0, 3)
    assert made.shape == shape
    assert made.dtype == np.float32
    assert made.min() > low
    assert made.max() < high
    assert made.std() == pytest.approx(deviation, rel=0.01)
    assert abs(made.mean()) < deviation / 50


@pytest.mark.parametrize("shape", [(5, 20), (6, 6), (20, 5)])
def test_orthogonal_weights_are_orthonormal(shape: tuple[int, int]) -> None:
    made = initial.make(weight(shape, "orthogonal"), 0, 3).astype(np.float64)
    product = made @ made.T if shape[0] <= shape[1] else made.T @ made
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-6)


def test_constant_weights() -> None:
    assert not initial.make(weight((4,), "zeros"), 0, 3).any()
    bias = initial.make(weight((8,), "ones_in_forget_gate"), 0, 3)
    np.testing.assert_array_equal(bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_each_weight_has_a_stream_of_its_own() -> None:
    one = weight((50, 50), "glorot_uniform")
    first = initial.make(one, 0, 3)
    np.testing.assert_array_equal(first, initial.make(one, 0, 3))
    assert (first != initial.make(one, 1, 3)).all()
    assert (first != initial.make(one, 0, 4)).all()


def test_a_large_weight_is_the_same_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for initializer in ("glorot_uniform", "he_normal"):
        one = weight((31, 17), initializer)
        whole = initial.make(one, 0, 3)
        monkeypatch.setattr(initial, "_CHUNK", 100)
        np.testing.assert_array_equal(initial.make(one, 0, 3), whole)
        monkeypatch.undo()


def test_an_unknown_initializer_is_named() -> None:
    with pytest.raises(ValueError, match="layer/kernel: unknown initializer 'magic'"):
        initial.make(weight((2, 2), "magic"), 0, 3)


def layer(kind: str, name: str, source: str, shape: tuple[int, ...], **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "inputs": [source],
        "parameters": {},
        "input_shapes": [shape],
        "output_shape": shape,
        **more,
    }


def make_task(layers: list[dict[str, Any]]) -> Any:
    return worker_task.Task({
        "inputs": [{"name": "x", "shape": [2, 3, 4], "dtype": "float32"}],
        "layers": layers,
        "output": layers[-1]["name"],
        "output_activation": "softmax",
        "output_shape": [5],
        "target": {"classes": 5},
        "loss": {"kind": "softmax_cross_entropy", "reduction": "mean"},
        "optimizer": None,
        "batch_size": 2,
        "precision": {},
    })


def test_a_dense_layer_knows_the_image_that_its_input_was_flattened_from() -> None:
    task = make_task([
        layer("flatten", "flat", "x", (2, 3, 4)),
        layer("activation", "on", "flat", (24,)),
        layer("dropout", "drop", "on", (24,)),
        layer("dense", "first", "drop", (24,)),
        layer("dense", "second", "first", (5,)),
    ])
    assert [one.flattened_from for one in task.layers] == [None, None, None, (2, 3, 4), None]


def test_a_dense_layer_over_anything_else_knows_none() -> None:
    task = make_task([
        layer("flatten", "flat", "x", (6, 4)),
        layer("dense", "first", "flat", (24,)),
        layer("flatten", "image", "x", (2, 3, 4)),
        layer("reshape", "other", "image", (24,)),
        layer("dense", "second", "other", (24,)),
    ])
    assert {one.flattened_from for one in task.layers} == {None}


def test_weights_of_inner_layers_are_found_once() -> None:
    shared = {"name": "d/kernel", "shape": [2, 2], "initializer": "zeros"}
    inner = layer("dense", "d", "x", (2,), weights=[shared])
    task = make_task([
        layer("time_distributed", "t", "x", (3, 2), layers=[inner], weights=[shared])
    ])
    assert [(one.name, one.role, one.shape) for one in task.weights()] == [
        ("d/kernel", "kernel", (2, 2))
    ]


def test_a_kernel_knows_the_flattened_image_and_a_bias_does_not() -> None:
    weights = [
        {"name": "first/kernel", "shape": [24, 5], "initializer": "zeros"},
        {"name": "first/bias", "shape": [5], "initializer": "zeros"},
    ]
    task = make_task([
        layer("flatten", "flat", "x", (2, 3, 4)),
        layer("dense", "first", "flat", (24,), weights=weights),
    ])
    assert [one.flattened_from for one in task.weights()] == [(2, 3, 4), None]


def test_an_input_that_only_image_layers_read_is_an_image() -> None:
    straight = make_task([layer("convolution", "one", "x", (2, 3, 4))])
    both = make_task([
        layer("convolution", "one", "x", (2, 3, 4)),
        layer("reshape", "two", "x", (2, 3, 4)),
    ])
    assert [straight.inputs[0].is_image, both.inputs[0].is_image] == [True, False]
