"""What each kind of layer makes of its input: output shape and weights.

Shapes are without the batch; images are height, width, channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from dlbench.job import Weight

Shape: TypeAlias = tuple[int, ...]


class MisfitError(ValueError):
    """A layer cannot take its input; says what it needs."""


class Form(Struct, frozen=True, kw_only=True):
    """A layer at one input shape.  ``weights`` have roles for names (``kernel``)."""

    output: Shape
    weights: tuple[Weight, ...] = ()


Rule: TypeAlias = Callable[[Mapping[str, Any], tuple[Shape, ...]], Form]


def show(shape: Shape) -> str:
    """Return a shape as messages and tables show it."""
    return "x".join(str(size) for size in shape) if shape else "scalar"


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise MisfitError(what)


def _window(parameters: Mapping[str, Any], window: list[int], shape: Shape) -> tuple[int, int]:
    """Return height and width after a window has gone over an image."""
    _need(len(shape) == 3, "needs an image: height x width x channels")
    sizes = []
    for size, extent, stride in zip(shape, window, parameters["strides"], strict=False):
        if parameters["padding"] == "valid":
            _need(size >= extent, f"needs an image of at least {show(tuple(window))}")
            size -= extent - 1
        sizes.append(math.ceil(size / stride))
    return sizes[0], sizes[1]


def _convolution(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    filters = parameters["filters"]
    output = (*_window(parameters, parameters["kernel"], shape), filters)
    kernel = (*parameters["kernel"], shape[2], filters)
    return _weighted(parameters, output, kernel)


def _dense(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    _need(len(shape) == 1, "needs a flat input (put `flatten` before it)")
    units = parameters["units"]
    return _weighted(parameters, (units,), (shape[0], units))


def _weighted(parameters: Mapping[str, Any], output: Shape, kernel: Shape) -> Form:
    weights = [Weight(name="kernel", shape=kernel, initializer=parameters["initializer"])]
    if parameters["bias"]:
        weights.append(Weight(name="bias", shape=kernel[-1:], initializer="zeros"))
    return Form(output=output, weights=tuple(weights))


def _pool(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    return Form(output=(*_window(parameters, parameters["size"], shape), shape[2]))


def _same(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    return Form(output=inputs[0])


def _flatten(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    return Form(output=(math.prod(inputs[0]),))


def _permute(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    order = parameters["order"]
    _need(sorted(order) == list(range(1, len(shape) + 1)), f"order {order} does not name each axis")
    return Form(output=tuple(shape[axis - 1] for axis in order))


def _reshape(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    output = tuple(parameters["shape"])
    _need(math.prod(output) == math.prod(shape), f"{show(output)} has another number of values")
    return Form(output=output)


def _embedding(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    _need(len(shape) == 1, "needs one row of indices")
    table = (parameters["vocabulary"], parameters["units"])
    weight = Weight(name="embeddings", shape=table, initializer="uniform_0.05")
    return Form(output=(*shape, parameters["units"]), weights=(weight,))


def _lstm(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    _need(len(shape) == 2, "needs steps x features")
    steps, features = shape
    units = parameters["units"]
    weights = (
        Weight(name="kernel", shape=(features, 4 * units), initializer="glorot_uniform"),
        Weight(name="recurrent_kernel", shape=(units, 4 * units), initializer="orthogonal"),
        Weight(name="bias", shape=(4 * units,), initializer="ones_in_forget_gate"),
    )
    return Form(
        output=(steps, units) if parameters["return_sequences"] else (units,),
        weights=weights,
    )


def _repeat(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    (shape,) = inputs
    _need(len(shape) == 1, "needs a flat input")
    return Form(output=(parameters["times"], *shape))


def _add(parameters: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Form:
    _need(len(set(inputs)) == 1, "needs inputs of one shape")
    return Form(output=inputs[0])


#: The rule of each kind of layer but ``time_distributed``, which applies its own layers'.
RULES: Mapping[str, Rule] = {
    "convolution": _convolution,
    "max_pool": _pool,
    "average_pool": _pool,
    "dense": _dense,
    "activation": _same,
    "dropout": _same,
    "flatten": _flatten,
    "permute": _permute,
    "reshape": _reshape,
    "embedding": _embedding,
    "lstm": _lstm,
    "repeat": _repeat,
    "add": _add,
}
