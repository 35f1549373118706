"""A task's layers as MXNet symbols.

Weights are variables in MXNet's own layouts: convolution out x in x height x width, dense and
recurrent out x in; its LSTM cell has the canonical order of gates.
"""
from __future__ import absolute_import, division, print_function

import json

import mxnet as mx
import numpy as np

from dlbench_worker import weights
from dlbench_worker.translation import Translation, padding

#: The name of the labels beside the names of the task's inputs.
LABEL = "softmax_label"

#: What pads a maximum, so that it never wins.
_LOWEST = float(np.finfo(np.float32).min)

#: Functions that MXNet's activation has.
_OWN = ("relu", "tanh", "sigmoid")


class Layers(Translation):
    """Makes the symbol; ``variables`` maps a weight's canonical name to its variable."""

    def __init__(self, task, layout):
        Translation.__init__(self, task, layout == "NCHW")
        self.layout = layout
        self.variables = dict(
            (weight.name, mx.sym.Variable(weight.name)) for weight in task.weights())
        #: Layers whose gradient is found from what they have made, which is so kept.
        self.activations = set()
        #: Whether the network's last value, and so its probabilities, are channels first.
        self.made_first = False

    def there(self, name, array):
        array = Translation.there(self, name, array)
        if has_kernel(name):
            return weights.transposed(array) if array.ndim == 2 else weights.hwio_to_oihw(array)
        return array

    def back(self, name, array):
        if has_kernel(name):
            array = weights.transposed(array) if array.ndim == 2 else weights.oihw_to_hwio(array)
        return Translation.back(self, name, array)

    def shapes(self):
        """Return the shape of every input and, where there is training, of the labels."""
        batch = (self.task.batch_size,)
        found = dict((one.name, batch + self.input_shape(one)) for one in self.task.inputs)
        if self.task.optimizer:
            found[LABEL] = batch + self.task.target.shape
        return found

    def symbol(self):
        """Return the network: first the probabilities it trains on, last what it predicts."""
        logits = self.network(dict((one.name, mx.sym.Variable(one.name)) for one in self.task.inputs))
        self.made_first = len(self.images[self.task.output] or ()) == len(self.task.output_shape) == 3
        if self.made_first:
            logits = self.values[self.task.output]
        axis = 1 if self.made_first else -1
        softmax = self.task.output_activation == "softmax"
        if not self.task.optimizer:
            return mx.sym.softmax(logits, axis=axis) if softmax else logits
        trained = self.trained(logits)
        return trained if softmax else mx.sym.Group([trained, mx.sym.BlockGrad(logits)])

    def trained(self, logits):
        """Return the probabilities whose gradient is that of the reduced cross-entropy."""
        mean = self.task.loss.reduction == "mean"
        labels = int(np.prod((self.task.batch_size,) + self.task.target.shape))
        scale = 1.0 / labels if mean else 1.0
        options = {}
        if self.made_first:
            # Over channels, MXNet divides by the number of pixels whatever it is told.
            options["multi_output"] = True
            scale *= labels // self.task.batch_size
        elif self.task.target.shape:
            options["preserve_shape"] = True
        return mx.sym.SoftmaxOutput(
            logits, mx.sym.Variable(LABEL), grad_scale=scale, name="softmax", **options)

    def chosen(self, probabilities, labels):
        """Return the probability of every label; the arrays are MXNet's."""
        return mx.nd.pick(probabilities, labels, axis=1 if self.made_first else -1)

    def canonical_output(self, array):
        """Return the network's output with its channels, or classes, last."""
        return array.transpose(0, 2, 3, 1) if self.made_first else array

    def formats(self, symbol):
        """Return layouts and number formats of the operations in the program that runs."""
        nodes = json.loads(symbol.tojson())["nodes"]
        layouts = set(
            node.get("attrs", node.get("attr", {})).get("layout", "NCHW")
            for node in nodes if node["op"] in ("Convolution", "Pooling"))
        products = set(node["name"] for node in nodes if node["op"] in ("Convolution", "FullyConnected"))
        internals = symbol.get_internals()
        _, types, _ = internals.infer_type(
            **dict((one.name, np.float32) for one in self.task.inputs))
        made = zip(internals.list_outputs(), types)
        return {
            "layout": sorted(layouts),
            "operations": sum(node["op"] != "null" for node in nodes),
            "compute_precision": sorted(set(
                np.dtype(kind).name for name, kind in made if name[:-len("_output")] in products)),
        }

    def reshaped(self, value, shape):
        return mx.sym.Reshape(value, shape=(-1,) + tuple(shape))

    def transposed(self, value, axes):
        return mx.sym.transpose(value, axes=(0,) + tuple(axis + 1 for axis in axes))

    def weight(self, layer, role):
        return self.variables.get(layer.name + "/" + role)

    def weighted(self, layer):
        """Return the arguments of an operation with a kernel and perhaps a bias."""
        given = {"weight": self.weight(layer, "kernel"), "no_bias": not layer.parameters["bias"]}
        if layer.parameters["bias"]:
            given["bias"] = self.weight(layer, "bias")
        return given

    def padded(self, layer, value, constant):
        """Return the value padded where MXNet's own padding, even on both sides, does not do it.

        And what is left for its own.
        """
        (top, bottom), (left, right) = padding(layer)
        if (top, left) == (bottom, right):
            return value, (top, left)
        sides = (0, 0, 0, 0, top, bottom, left, right)
        return mx.sym.Pad(
            value, mode="constant", pad_width=sides, constant_value=constant), (0, 0)

    def convolution(self, layer, value):
        given = layer.parameters
        value, pad = self.padded(layer, value, 0.0)
        return mx.sym.Convolution(
            value, num_filter=given["filters"], kernel=tuple(given["kernel"]),
            stride=tuple(given["strides"]), pad=pad, layout=self.layout, **self.weighted(layer))

    def max_pool(self, layer, value):
        """MXNet's, whose gradient needs its input kept.

        MXNet 0.11.0 puts the gradient in the place of the input, where no other operation's gradient
        needs that, and then reads it: all gradients are zero.  A leaky ReLU of slope 1 keeps it.
        """
        (name,) = layer.inputs
        padded, pad = self.padded(layer, value, _LOWEST)
        if padded is not self.values[name] or name not in self.activations:
            padded = mx.sym.LeakyReLU(padded, act_type="leaky", slope=1.0)
        return pool(layer, padded, "max", pad)

    def average_pool(self, layer, value):
        value, pad = self.padded(layer, value, 0.0)
        result = pool(layer, value, "avg", pad)
        if not any(sum(padding(layer), ())):
            return result
        # MXNet's average counts the padding.
        height, width, _ = layer.input_shapes[0]
        ones, pad = self.padded(layer, mx.sym.ones(shape=(1, 1, height, width)), 0.0)
        return mx.sym.broadcast_div(result, mx.sym.BlockGrad(pool(layer, ones, "avg", pad)))

    def dense(self, layer, value):
        return mx.sym.FullyConnected(
            value, num_hidden=layer.parameters["units"], **self.weighted(layer))

    def activation(self, layer, value):
        if layer.parameters["function"] in _OWN:
            self.activations.add(layer.name)
        return activate(layer.parameters["function"], value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return mx.sym.Dropout(value, p=rate) if rate else value

    def embedding(self, layer, value):
        vocabulary, units = layer.weights[0].shape
        return mx.sym.Embedding(
            value, self.variables[layer.weights[0].name], input_dim=vocabulary, output_dim=units)

    def repeat(self, layer, value):
        steps = mx.sym.expand_dims(value, axis=1)
        return mx.sym.broadcast_axis(steps, axis=1, size=layer.parameters["times"])

    def add(self, layer, *values):
        return mx.sym.add_n(*values)

    def time_distributed(self, layer, value):
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        return self.reshaped(self.inner(layer, rows), layer.output_shape)

    def lstm(self, layer, value):
        """MXNet's LSTM cell, unrolled, with one bias: one product for the inputs of all steps."""
        steps, width = layer.input_shapes[0]
        units, gate = layer.parameters["units"], layer.parameters["gate_activation"]
        sums = mx.sym.FullyConnected(
            self.reshaped(value, (width,)), self.weight(layer, "kernel"), self.weight(layer, "bias"),
            num_hidden=4 * units)
        sums = mx.sym.SliceChannel(
            self.reshaped(sums, (steps, 4 * units)), num_outputs=steps, axis=1, squeeze_axis=True)
        hidden = cell = mx.sym.zeros_like(mx.sym.slice_axis(sums[0], axis=1, begin=0, end=units))
        outputs = []
        for step in range(steps):
            summed = sums[step] + mx.sym.FullyConnected(
                hidden, self.weight(layer, "recurrent_kernel"), num_hidden=4 * units, no_bias=True)
            gates = mx.sym.SliceChannel(summed, num_outputs=4)
            enter, forget, candidate, leave = [gates[index] for index in range(4)]
            cell = (activate(gate, forget) * cell
                    + activate(gate, enter) * activate("tanh", candidate))
            hidden = activate(gate, leave) * activate("tanh", cell)
            outputs.append(hidden)
        if not layer.parameters["return_sequences"]:
            return hidden
        return mx.sym.Concat(*[mx.sym.expand_dims(one, axis=1) for one in outputs], dim=1)


def has_kernel(name):
    """Whether MXNet keeps the weight ``name`` with its outputs first."""
    return name.rsplit("/", 1)[-1] in ("kernel", "recurrent_kernel")


def pool(layer, value, kind, pad):
    return mx.sym.Pooling(
        value, pool_type=kind, kernel=tuple(layer.parameters["size"]),
        stride=tuple(layer.parameters["strides"]), pad=pad)


def activate(function, symbol):
    """Return ``function`` of every element; softmax is over the last axis."""
    if function == "hard_sigmoid":
        return mx.sym.clip(symbol * 0.2 + 0.5, a_min=0.0, a_max=1.0)
    if function == "softmax":
        return mx.sym.softmax(symbol, axis=-1)
    return mx.sym.Activation(symbol, act_type=function)
