"""A task's layers as CNTK functions.  Python 2.7.

Images are channels first, CNTK's only order.
"""
from __future__ import absolute_import, division, print_function

import cntk as C
import numpy as np

from dlbench_worker import weights
from dlbench_worker.translation import Translation, padding


class Layers(Translation):
    """Builds the network, one function for training and prediction: CNTK drops out in training only.

    ``variables`` maps a weight's canonical name to its parameter.
    """

    def __init__(self, task):
        Translation.__init__(self, task)
        self.shapes = dict((weight.name, weight.shape) for weight in task.weights())
        self.variables = {}

    def weight(self, layer, role, shape=None):
        """Return the parameter of a weight, or None; ``shape`` where it is not the canonical one."""
        name = layer.name + "/" + role
        if name in self.shapes and name not in self.variables:
            self.variables[name] = C.Parameter(shape or self.shapes[name], init=0, name=name)
        return self.variables.get(name)

    def there(self, name, array):
        array = Translation.there(self, name, array)
        if array.ndim == 4:
            array = weights.hwio_to_oihw(array)
        return array.reshape(self.variables[name].shape).astype(np.float32)

    def back(self, name, array):
        if array.ndim == 4:
            array = weights.oihw_to_hwio(array)
        return Translation.back(self, name, array.reshape(self.shapes[name]))

    def reshaped(self, value, shape):
        return C.reshape(value, shape)

    def transposed(self, value, axes):
        return C.transpose(value, axes)

    def convolution(self, layer, value):
        height, width, channels, filters = self.shapes[layer.name + "/kernel"]
        value, auto = padded(layer, value)
        result = C.convolution(
            self.weight(layer, "kernel", (filters, channels, height, width)), value,
            strides=tuple(layer.parameters["strides"]), auto_padding=[False, auto, auto])
        bias = self.weight(layer, "bias", (filters, 1, 1))
        return result if bias is None else result + bias

    def max_pool(self, layer, value):
        return pool(C.MAX_POOLING, layer, value)

    def average_pool(self, layer, value):
        return pool(C.AVG_POOLING, layer, value)

    def dense(self, layer, value):
        result = C.times(value, self.weight(layer, "kernel"))
        bias = self.weight(layer, "bias")
        return result if bias is None else result + bias

    def activation(self, layer, value):
        return activate(layer.parameters["function"], value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return C.dropout(value, rate) if rate else value

    def embedding(self, layer, value):
        return C.gather(self.weight(layer, layer.weights[0].role), value)

    def repeat(self, layer, value):
        return C.reshape(value, (1,) + value.shape) + C.constant(0, layer.output_shape)

    def add(self, layer, *values):
        return sum(values[1:], values[0])

    def time_distributed(self, layer, value):
        rows = C.to_batch(C.reshape(C.unpack_batch(value), (-1,) + layer.layers[0].input_shapes[0]))
        made = C.unpack_batch(self.inner(layer, rows))
        return C.to_batch(C.reshape(made, (-1,) + layer.output_shape))

    def lstm(self, layer, value):
        units = layer.parameters["units"]
        kernel, recurrent, bias = [
            self.weight(layer, role) for role in ("kernel", "recurrent_kernel", "bias")]
        gate = layer.parameters["gate_activation"]

        @C.Function
        def step(hidden, cell, x):
            sums = C.times(x, kernel) + C.times(hidden, recurrent) + bias
            enter, forget, candidate, leave = [
                C.slice(sums, -1, at * units, (at + 1) * units) for at in range(4)]
            cell = activate(gate, forget) * cell + activate(gate, enter) * C.tanh(candidate)
            return activate(gate, leave) * C.tanh(cell), cell

        outputs = C.layers.Recurrence(step)(C.to_sequence(value))
        if not layer.parameters["return_sequences"]:
            return C.sequence.last(outputs)
        return C.reshape(
            C.sequence.unpack(outputs, 0, no_mask_output=True), layer.output_shape)


def activate(function, value):
    """Return ``function`` of every element; softmax is over the last axis."""
    if function == "hard_sigmoid":
        return C.hard_sigmoid(value, 0.2, 0.5)
    if function == "softmax":
        return C.softmax(value, axis=-1)
    return {"relu": C.relu, "tanh": C.tanh, "sigmoid": C.sigmoid}[function](value)


def padded(layer, value, filler=0.0):
    """Return ``value`` with the layer's padding, and whether CNTK's own is to be used in its place.

    CNTK's own centres the first window on the first element: as many elements on either side.
    """
    sides = padding(layer)
    window = layer.parameters.get("kernel") or layer.parameters["size"]
    if not any(map(sum, sides)):
        return value, False
    if layer.kind == "convolution" and all(
            before == after == (extent - 1) / 2 for (before, after), extent in zip(sides, window)):
        return value, True
    return C.pad(value, [(0, 0)] + list(sides), constant_value=filler), False


def pool(kind, layer, value):
    """Return ``value`` pooled over the part of each window that lies inside the image."""
    size, strides = tuple(layer.parameters["size"]), tuple(layer.parameters["strides"])
    least = float(np.finfo(np.float32).min)
    value, _ = padded(layer, value, least if kind == C.MAX_POOLING else 0.0)
    result = C.pooling(value, kind, size, strides)
    if kind == C.MAX_POOLING or not any(map(sum, padding(layer))):
        return result
    return result * C.constant(size[0] * size[1] / elements_inside(layer))


def elements_inside(layer):
    """Return how many elements of each window lie inside the image, 1 x height x width."""
    counts = []
    for axis in range(2):
        (before, _), length = padding(layer)[axis], layer.input_shapes[0][axis]
        starts = np.arange(layer.output_shape[axis]) * layer.parameters["strides"][axis] - before
        ends = np.minimum(starts + layer.parameters["size"][axis], length)
        counts.append((ends - np.maximum(starts, 0)).astype(np.float32))
    return np.outer(*counts)[np.newaxis]
