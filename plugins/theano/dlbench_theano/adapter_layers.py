"""A task's layers as Theano expressions.  Convolution and pooling are channels first."""
from __future__ import absolute_import, division, print_function

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.signal.pool import pool_2d

from dlbench_worker import weights
from dlbench_worker.translation import Translation, padding

ACTIVATIONS = {
    "relu": T.nnet.relu, "tanh": T.tanh, "sigmoid": T.nnet.sigmoid,
    "hard_sigmoid": T.nnet.hard_sigmoid,
}

#: Seeds of Theano's generator are from 1 to this.
LARGEST_SEED = 2 ** 31 - 2


class Layers(Translation):
    """Builds the forward pass; ``variables`` maps a weight's canonical name to its variable."""

    def __init__(self, task, seed):
        Translation.__init__(self, task)
        self.convolutions = set(
            weight.name for weight in task.weights() if len(weight.shape) == 4)
        self.variables = dict(
            (weight.name, theano.shared(
                self.there(weight.name, np.zeros(weight.shape, np.float32)), weight.name))
            for weight in task.weights())
        self.random = MRG_RandomStreams(1 + seed % LARGEST_SEED)
        self.training = False

    def symbol(self, given):
        """Return the symbol that stands for the task's input ``given``."""
        return T.TensorType(given.dtype, (False,) * (1 + len(given.shape)))(given.name)

    def logits(self, inputs, training):
        """Return what the output layer makes of ``inputs`` (in the task's order)."""
        self.training = training
        return self.network(dict(
            (one.name, symbol) for one, symbol in zip(self.task.inputs, inputs)))

    def there(self, name, array):
        array = Translation.there(self, name, array)
        return weights.hwio_to_oihw(array) if name in self.convolutions else array

    def back(self, name, array):
        array = weights.oihw_to_hwio(array) if name in self.convolutions else array
        return Translation.back(self, name, array)

    def reshaped(self, value, shape):
        return value.reshape((-1,) + tuple(shape))

    def transposed(self, value, axes):
        return value.dimshuffle([0] + [axis + 1 for axis in axes])

    def weight(self, layer, role):
        return self.variables.get(layer.name + "/" + role)

    def convolution(self, layer, value):
        height, width, channels = layer.input_shapes[0]
        kernel = self.weight(layer, "kernel")
        sides = padding(layer)
        if sides[0][0] != sides[0][1] or sides[1][0] != sides[1][1]:
            value, height, width = padded(value, (channels, height, width), sides, 0)
            sides = (0, 0), (0, 0)
        result = T.nnet.conv2d(
            value, kernel, input_shape=(None, channels, height, width),
            filter_shape=kernel.get_value(borrow=True).shape,
            border_mode=(sides[0][0], sides[1][0]),
            subsample=tuple(layer.parameters["strides"]), filter_flip=False)
        bias = self.weight(layer, "bias")
        return result if bias is None else result + bias.dimshuffle("x", 0, "x", "x")

    def pool(self, layer, value, mode, fill):
        height, width, channels = layer.input_shapes[0]
        if padding(layer) != ((0, 0), (0, 0)):
            value = padded(value, (channels, height, width), padding(layer), fill)[0]
        return pool_2d(
            value, tuple(layer.parameters["size"]), ignore_border=True,
            stride=tuple(layer.parameters["strides"]), mode=mode)

    def max_pool(self, layer, value):
        return self.pool(layer, value, "max", -np.inf)

    def average_pool(self, layer, value):
        if padding(layer) == ((0, 0), (0, 0)):
            return self.pool(layer, value, "average_inc_pad", 0)
        height, width, _ = layer.input_shapes[0]
        inside = self.pool(layer, T.ones((1, 1, height, width)), "sum", 0)
        return self.pool(layer, value, "sum", 0) / T.patternbroadcast(
            inside, (True, True, False, False))

    def dense(self, layer, value):
        result = T.dot(value, self.weight(layer, "kernel"))
        bias = self.weight(layer, "bias")
        return result if bias is None else result + bias

    def activation(self, layer, value):
        function = layer.parameters["function"]
        return self.softmax(value) if function == "softmax" else ACTIVATIONS[function](value)

    def softmax(self, value):
        """Return the softmax over the last axis; Theano's own is for rows."""
        if value.ndim == 2:
            return T.nnet.softmax(value)
        rows = value.reshape((-1, value.shape[-1]))
        return T.nnet.softmax(rows).reshape(value.shape, ndim=value.ndim)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        if not (self.training and rate):
            return value
        kept = self.random.binomial(value.shape, p=1 - rate, dtype=value.dtype)
        return value * kept / np.float32(1 - rate)

    def embedding(self, layer, value):
        return self.variables[layer.weights[0].name][value]

    def repeat(self, layer, value):
        times, units = layer.output_shape
        return T.alloc(value.dimshuffle(0, "x", 1), value.shape[0], times, units)

    def add(self, layer, *values):
        return sum(values[1:], values[0])

    def time_distributed(self, layer, value):
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        return self.reshaped(self.inner(layer, rows), layer.output_shape)

    def lstm(self, layer, value):
        """One product for the inputs of all steps, then a scan over the steps."""
        kernel, recurrent, bias = [
            self.weight(layer, role) for role in ("kernel", "recurrent_kernel", "bias")]
        units = layer.parameters["units"]
        gate = ACTIVATIONS[layer.parameters["gate_activation"]]

        def step(sums, hidden, cell, recurrent):
            summed = sums + T.dot(hidden, recurrent)
            enter, forget, leave = [
                gate(summed[:, at * units:(at + 1) * units]) for at in (0, 1, 3)]
            candidate = T.tanh(summed[:, 2 * units:3 * units])
            cell = forget * cell + enter * candidate
            return leave * T.tanh(cell), cell

        steps, width = layer.input_shapes[0]
        rows = value.dimshuffle(1, 0, 2).reshape((-1, width))
        sums = (T.dot(rows, kernel) + bias).reshape((steps, -1, 4 * units), ndim=3)
        zeros = T.unbroadcast(T.zeros((value.shape[0], units)), 0, 1)
        (outputs, _), _ = theano.scan(
            step, sequences=[sums], outputs_info=[zeros, zeros], non_sequences=[recurrent],
            strict=True)
        sequences = layer.parameters["return_sequences"]
        return outputs.dimshuffle(1, 0, 2) if sequences else outputs[-1]


def padded(value, shape, sides, fill):
    """Return images with ``fill`` around them, and their new height and width.

    ``shape`` is (channels, height, width), ``sides`` ((top, bottom), (left, right)).
    """
    channels, height, width = shape
    (top, bottom), (left, right) = sides
    tall, wide = top + height + bottom, left + width + right
    around = T.alloc(np.float32(fill), value.shape[0], value.shape[1], tall, wide)
    place = (slice(None), slice(None), slice(top, top + height), slice(left, left + width))
    return T.set_subtensor(around[place], value), tall, wide
