"""Translation: the order of elements of every value, and how seldom one is turned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_worker_weights import layer, make_task

from dlbench.worker import translation, updates
from dlbench.worker.translation import Translation


class Sums(Translation):  # type: ignore[misc]
    """NumPy layers that tell channels by their values: a convolution adds 100 times the channel."""

    turned = 0

    def reshaped(self, value: Any, shape: tuple[int, ...]) -> Any:
        return value.reshape((-1, *shape))

    def transposed(self, value: Any, axes: tuple[int, ...]) -> Any:
        self.turned += 1
        return value.transpose([0, *[axis + 1 for axis in axes]])

    def convolution(self, layer: Any, value: Any) -> Any:
        channels = 100.0 * np.arange(layer.output_shape[2])
        return value + (channels[:, None, None] if self.channels_first else channels)

    def dense(self, layer: Any, value: Any) -> Any:
        return value @ self.there(layer.name + "/kernel", KERNEL)

    def activation(self, layer: Any, value: Any) -> Any:
        return value

    def add(self, layer: Any, *values: Any) -> Any:
        return sum(values)

    def time_distributed(self, layer: Any, value: Any) -> Any:
        rows = value.reshape((-1, *layer.layers[0].input_shapes[0]))
        return self.reshaped(self.inner(layer, rows), layer.output_shape)


IMAGE = (2, 3, 4)
KERNEL = np.random.RandomState(3).uniform(size=(24, 5))
BATCH = {"inputs": {"x": np.arange(48.0).reshape(2, *IMAGE)}, "target": np.zeros(2, np.int32)}


def values_of(layers: list[dict[str, Any]], first: bool) -> tuple[Any, int]:
    """Return what a network makes of the batch, and how often it turned a value."""
    network = Sums(make_task(layers), first)
    made = network.network(
        dict(zip("x", network.input_arrays(BATCH), strict=True)),
    )
    return made, network.turned


def dense(source: str) -> dict[str, Any]:
    kernel = {"name": "dense/kernel", "shape": [24, 5], "initializer": "zeros"}
    return layer("dense", "dense", source, (24,), output_shape=[5], weights=[kernel])


CHAIN = [
    layer("convolution", "one", "x", IMAGE),
    layer("activation", "on", "one", IMAGE),
    layer("convolution", "two", "on", IMAGE),
]
FLAT = [*CHAIN, layer("flatten", "flat", "two", IMAGE, output_shape=[24])]
NETWORKS = {
    "an image": (CHAIN, 1),
    "a flattened one, read by a dense layer": ([*FLAT, dense("flat")], 0),
    "a flattened one as it is": (FLAT, 1),
    "a permuted image": (
        [*CHAIN, layer("permute", "p", "two", IMAGE, parameters={"order": [3, 1, 2]})],
        2,
    ),
    "a sum of an image and a reshaped one": (
        [
            layer("convolution", "one", "x", IMAGE),
            layer("reshape", "canonical", "one", IMAGE),
            layer("add", "sum", "one", IMAGE, inputs=["one", "canonical"])
            | {"input_shapes": [IMAGE, IMAGE]},
        ],
        2,
    ),
    "a softmax of an image": (
        [*CHAIN, layer("activation", "s", "two", IMAGE, parameters={"function": "softmax"})],
        1,
    ),
    "rows of an image": (
        [
            *CHAIN,
            layer(
                "time_distributed", "t", "two", IMAGE,
                layers=[layer("flatten", "inner", "row", (3, 4), output_shape=[12])],
                output_shape=[2, 12],
            ),
        ],
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_channels_first_computes_what_channels_last_does(name: str) -> None:
    layers, turns = NETWORKS[name]
    expected, never = values_of(layers, False)
    found, turned = values_of(layers, True)
    np.testing.assert_allclose(found, expected)
    assert (never, turned) == (layers is NETWORKS["a permuted image"][0], turns)


def test_a_walk_leaves_the_last_image_as_it_was_made() -> None:
    network = Sums(make_task(CHAIN))
    last = network.walk(dict(zip("x", network.input_arrays(BATCH), strict=True)))
    assert (last.name, network.images[last.name], network.turned) == ("two", IMAGE, 0)
    expected, _ = values_of(CHAIN, False)
    np.testing.assert_allclose(network.values[last.name].transpose(0, 2, 3, 1), expected)


def test_inputs_that_images_alone_read_are_handed_in_channels_first() -> None:
    network = Sums(make_task(CHAIN))
    (one,) = network.task.inputs
    (array,) = network.input_arrays(BATCH)
    assert network.input_shape(one) == array.shape[1:] == (4, 2, 3)
    assert array.flags.c_contiguous
    assert Sums(network.task, False).input_shape(one) == IMAGE


def test_kernels_come_back_as_they_went() -> None:
    network = Sums(make_task([*FLAT, dense("flat")]))
    there = network.there("dense/kernel", KERNEL)
    assert (there != KERNEL).any()
    np.testing.assert_array_equal(network.back("dense/kernel", there), KERNEL)


@pytest.mark.parametrize(
    ("kind", "size", "stride", "expected"),
    [
        ("valid", 3, 1, (0, 0)),
        ("same", 3, 1, (1, 1)),
        ("same", 2, 2, (0, 1)),
        ("same", 4, 3, (1, 2)),
    ],
)
def test_padding_makes_one_window_a_stride(
    kind: str, size: int, stride: int, expected: tuple[int, int]
) -> None:
    made = -(-7 // stride)
    given = layer(
        "max_pool", "p", "x", (7, 7, 1), output_shape=[made, made, 1],
        parameters={"size": [size, size], "strides": [stride, stride], "padding": kind},
    )  # fmt: skip
    (one,) = make_task([given]).layers
    assert translation.padding(one) == (expected, expected)


def test_an_update_is_the_written_one() -> None:
    given = {"learning_rate": 0.5, "rho": 0.75, "epsilon": 0.125, "decay": 1.0}
    optimizer = SimpleNamespace(kind="rmsprop", parameters=given)
    assert updates.slots(optimizer) == [("square", 0.0)]
    difference, kept = updates.update(
        optimizer, 1.0, np.array([2.0]), {"square": np.array([4.0])}, np.sqrt
    )
    assert kept == {"square": np.array([4.0])}
    np.testing.assert_allclose(difference, 0.25 * 2.0 / (2.0 + 0.125))


def test_a_power_can_be_handed_in() -> None:
    given = {
        "learning_rate": 0.5, "beta_1": 0.75, "beta_2": 0.5, "epsilon": 0.125, "decay": 0.0,
    }  # fmt: skip
    optimizer = SimpleNamespace(kind="adam", parameters=given)
    kept = {"mean": np.array([1.0]), "square": np.array([2.0])}
    asked: list[tuple[float, float]] = []

    def power(base: float, exponent: float) -> float:
        asked.append((base, exponent))
        return 0.5

    difference, after = updates.update(optimizer, 1.0, np.array([2.0]), kept, np.sqrt, power=power)
    assert asked == [(0.75, 2.0), (0.5, 2.0)]
    mean, square = 0.75 * 1.0 + 0.25 * 2.0, 0.5 * 2.0 + 0.5 * 4.0
    assert after == {"mean": np.array([mean]), "square": np.array([square])}
    np.testing.assert_allclose(difference, 0.5 * (mean / 0.5) / (np.sqrt(square / 0.5) + 0.125))
