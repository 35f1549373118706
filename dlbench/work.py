"""The work of a network in FLOPs, two for a multiply-add.

Multiply-adds are counted where weights are multiplied: convolution, dense and LSTM.  Everything
else (bias, activation, pooling, dropout) is below a percent of the work in the networks here and is
left out, as is the custom when networks are compared.

A training step computes for each layer with weights its output, the gradient of its weights, and
the gradient of its input, each of which takes as many multiply-adds as the forward pass: three
times the forward work, twice where nothing below the layer is trained, for then no gradient of its
input is needed (an LSTM still needs that of its state).  This is the counting of Hestness et al.
2017 and of "AI and Compute" (Amodei and Hernandez 2018), whose rule of thumb, backward = twice
forward, leaves out the exception for the first layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from dlbench.job import Task, TaskLayer

#: Roles of weights that are multiplied; an embedding is looked up, a bias is added.
KERNELS = ("kernel", "recurrent_kernel")

#: Bytes of a number, by its format.
NUMBER_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


def count_forward(layer: TaskLayer) -> int:
    """Return the multiply-adds of the forward pass through ``layer`` for one item."""
    if layer.layers:
        return count_steps(layer) * sum(map(count_forward, layer.layers))
    return count_products(layer, KERNELS)


def count_training(layer: TaskLayer, trained: set[str]) -> int:
    """Return the multiply-adds of forward and backward pass through ``layer`` for one item.

    ``trained`` names what depends on weights, of the network's inputs and the layers before this
    one; the layer's own name, and those inside it, are added where they do.
    """
    if layer.layers:
        inner = sum(count_training(one, trained) for one in layer.layers)
        if layer.layers[-1].name in trained:
            trained.add(layer.name)
        return count_steps(layer) * inner
    is_free = trained.isdisjoint(layer.inputs)
    if layer.weights or not is_free:
        trained.add(layer.name)
    return 3 * count_forward(layer) - (count_products(layer, KERNELS[:1]) if is_free else 0)


def count_products(layer: TaskLayer, roles: Iterable[str]) -> int:
    """Return the multiply-adds of the forward pass with the weights of these roles.

    A kernel is applied as a whole at every place of an image, once a step of a sequence, and once
    elsewhere.
    """
    chosen = [one for one in layer.weights if one.name.rpartition("/")[2] in roles]
    places = count_steps(layer) if layer.kind == "lstm" else math.prod(layer.output_shape[:-1])
    return places * sum(math.prod(weight.shape) for weight in chosen)


def count_steps(layer: TaskLayer) -> int:
    """Return the number of steps that a layer over a sequence takes."""
    return layer.input_shapes[0][0]


def count_step_flops(task: Task) -> int:
    """Return the FLOPs of one step of ``task``, a whole batch: forward alone without optimizer."""
    if task.optimizer is None:
        multiply_adds = sum(map(count_forward, task.layers))
    else:
        trained: set[str] = set()
        multiply_adds = sum(count_training(layer, trained) for layer in task.layers)
    return 2 * multiply_adds * task.batch_size


def count_weight_bytes(task: Task) -> int:
    """Return the bytes that the weights of ``task`` have as they are stored."""
    return NUMBER_BYTES.get(task.precision.storage, 4) * sum(map(count_weights, task.layers))


def count_weights(layer: TaskLayer) -> int:
    """Return the number of trained values in ``layer``."""
    own = sum(math.prod(weight.shape) for weight in layer.weights)
    return own + sum(map(count_weights, layer.layers))
