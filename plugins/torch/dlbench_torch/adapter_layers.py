"""A task's layers as torch modules, the same for PyTorch 1.0 and 2 (Python 2.7 to 3).

A value on its way through the network has a format, known when the network is made: the (height,
width, channels) of the image whose elements it holds channels first, or None where they are in
canonical order.  dlbench_worker.translation says which layer takes which.
"""
from __future__ import absolute_import, division, print_function

import numpy as np
import torch
from torch import nn

from dlbench_worker import translation, weights


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super(Call, self).__init__()
        self.forward = function


class Graph(nn.Module):
    """Modules with named inputs, where a chain is not enough."""

    def __init__(self, inputs, nodes, output):
        super(Graph, self).__init__()
        self.steps = nn.ModuleList([module for module, _, _ in nodes])
        self.names = [(given, name) for _, given, name in nodes]
        self.inputs = inputs
        self.output = output

    def forward(self, *arrays):
        values = dict(zip(self.inputs, arrays))
        for module, (given, name) in zip(self.steps, self.names):
            values[name] = module(*[values[one] for one in given])
        return values[self.output]


class Converted(nn.Module):
    """A module behind what brings each of its inputs into the order that it takes."""

    def __init__(self, module, converters):
        super(Converted, self).__init__()
        self.module = module
        self.converters = nn.ModuleList(converters)

    def forward(self, *arrays):
        return self.module(*[convert(x) for convert, x in zip(self.converters, arrays)])


class TimeDistributed(nn.Module):
    """The same module for every step of axis 1."""

    def __init__(self, module):
        super(TimeDistributed, self).__init__()
        self.module = module

    def forward(self, x):
        rows = self.module(x.reshape(-1, *x.shape[2:]))
        return rows.reshape(x.shape[0], x.shape[1], *rows.shape[1:])


class Lstm(nn.LSTM):
    """torch's own LSTM with one trained bias; the last output or all of them."""

    def __init__(self, width, units, sequences):
        super(Lstm, self).__init__(width, units, batch_first=True)
        nn.init.constant_(self.bias_hh_l0, 0.0).requires_grad_(False)
        self.sequences = sequences

    def forward(self, x):
        outputs, (hidden, _) = super(Lstm, self).forward(x)
        return outputs if self.sequences else hidden[0]


class LstmByHand(Lstm):
    """The same with hard_sigmoid gates, which torch's own does not have: a loop over the steps."""

    def forward(self, x):
        sums = nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        recurrent = self.weight_hh_l0.t()
        hidden = cell = x.new_zeros(x.shape[0], self.hidden_size)
        outputs = []
        for step in sums.unbind(1):
            summed = torch.addmm(step, hidden, recurrent)
            enter, forget, _, leave = hard_sigmoid(summed).chunk(4, 1)
            candidate = torch.tanh(summed.chunk(4, 1)[2])
            cell = torch.addcmul(forget * cell, enter, candidate)
            hidden = leave * torch.tanh(cell)
            outputs.append(hidden)
        return torch.stack(outputs, 1) if self.sequences else hidden


class AveragePool(nn.Module):
    """Average over the elements inside the image, with padding that differs by side."""

    def __init__(self, pool, pad, shape):
        super(AveragePool, self).__init__()
        self.pool, self.pad = pool, pad
        height, width, _ = shape
        self.register_buffer("share", pool(pad(torch.ones(1, 1, height, width))))

    def forward(self, x):
        return self.pool(self.pad(x)) / self.share


#: clip(x / 6 + 0.5, 0, 1), torch's own since 1.6.
OWN_HARD_SIGMOID = getattr(
    nn.functional, "hardsigmoid", lambda x: torch.clamp(x / 6.0 + 0.5, 0.0, 1.0))


def hard_sigmoid(x):
    """Return clip(0.2 x + 0.5, 0, 1)."""
    return OWN_HARD_SIGMOID(x * 1.2)


class Builder(object):
    """Makes the modules, and keeps for every weight its parameter and the way there and back."""

    def __init__(self, task, channels_last):
        self.task = task
        self.channels_last = channels_last
        self.formats = {one.name: one.shape if one.is_image else None for one in task.inputs}
        #: Name -> (parameter, canonical array to torch's, torch's array to canonical).
        self.weights = {}

    def network(self):
        """Return the module, and the format of its output."""
        inputs = [one.name for one in self.task.inputs]
        module = self.chain(self.task.layers, inputs, self.task.output)
        return module, self.formats[self.task.output]

    def chain(self, layers, inputs, output):
        readers = [name for layer in layers for name in layer.inputs]
        nodes = [(self.module(layer, layers, readers), layer.inputs, layer.name)
                 for layer in layers]
        before = [tuple(inputs)] + [(layer.name,) for layer in layers[:-1]]
        if output == layers[-1].name and before == [layer.inputs for layer in layers]:
            return nn.Sequential(*[module for module, _, _ in nodes])
        return Graph(inputs, nodes, output)

    def module(self, layer, layers, readers):
        """Return the layer's module with its inputs in the order it takes; note its format."""
        given = [self.formats[name] for name in layer.inputs]
        wanted, result = translation.orders(layer, given)
        if layer.kind == "activation":
            module = activation(layer, self.overwrites(layer, layers, readers))
        else:
            module = getattr(self, layer.kind)(layer)
        self.formats[layer.name] = result
        if wanted == given:
            return module
        converters = [
            nn.Identity() if found == want else self.to_first() if want else to_canonical(found)
            for found, want in zip(given, wanted)]
        return Converted(module, converters)

    def to_first(self):
        """Return what makes a canonical image channels first, in the network's layout."""
        return Call(lambda x: channels_first(x, self.channels_last))

    @staticmethod
    def overwrites(layer, layers, readers):
        """Whether nothing else needs what the activation is given, so that it may work in place."""
        makers = [one.name for one in layers if one.kind in ("convolution", "dense")]
        return layer.inputs[0] in makers and readers.count(layer.inputs[0]) == 1

    def keep(self, layer, role, parameter, there=np.array, back=np.array):
        self.weights[layer.name + "/" + role] = (parameter, there, back)

    def convolution(self, layer):
        given = layer.parameters
        pad, symmetric = padding(layer, 0.0)
        module = nn.Conv2d(
            layer.input_shapes[0][2], given["filters"], tuple(given["kernel"]),
            tuple(given["strides"]), symmetric, bias=given["bias"])
        self.keep(layer, "kernel", module.weight, weights.hwio_to_oihw, weights.oihw_to_hwio)
        if given["bias"]:
            self.keep(layer, "bias", module.bias)
        return nn.Sequential(pad, module) if pad else module

    def max_pool(self, layer):
        size, strides = tuple(layer.parameters["size"]), tuple(layer.parameters["strides"])
        pad, symmetric = padding(layer, -float("inf"))
        module = nn.MaxPool2d(size, strides, symmetric)
        return nn.Sequential(pad, module) if pad else module

    def average_pool(self, layer):
        size, strides = tuple(layer.parameters["size"]), tuple(layer.parameters["strides"])
        pad, symmetric = padding(layer, 0.0)
        module = nn.AvgPool2d(size, strides, symmetric, count_include_pad=False)
        return AveragePool(module, pad, layer.input_shapes[0]) if pad else module

    def dense(self, layer):
        image = layer.flattened_from
        bias = layer.parameters["bias"]
        module = nn.Linear(layer.input_shapes[0][-1], layer.parameters["units"], bias=bias)
        self.keep(
            layer, "kernel", module.weight,
            lambda array: weights.transposed(weights.rows_to_channels_first(array, image)),
            lambda array: weights.rows_from_channels_first(weights.transposed(array), image))
        if bias:
            self.keep(layer, "bias", module.bias)
        return module

    def dropout(self, layer):
        return nn.Dropout(layer.parameters["rate"])

    def flatten(self, layer):
        return Call(lambda x: x.flatten(1))

    def permute(self, layer):
        order = (0,) + tuple(layer.parameters["order"])
        return Call(lambda x: x.permute(order))

    def reshape(self, layer):
        shape = layer.output_shape
        return Call(lambda x: x.reshape(-1, *shape))

    def embedding(self, layer):
        module = nn.Embedding(layer.parameters["vocabulary"], layer.parameters["units"])
        self.keep(layer, layer.weights[0].role, module.weight)
        return module

    def lstm(self, layer):
        given = layer.parameters
        kind = {"sigmoid": Lstm, "hard_sigmoid": LstmByHand}[given["gate_activation"]]
        module = kind(layer.input_shapes[0][-1], given["units"], given["return_sequences"])
        self.keep(layer, "kernel", module.weight_ih_l0, weights.transposed, weights.transposed)
        self.keep(
            layer, "recurrent_kernel", module.weight_hh_l0, weights.transposed, weights.transposed)
        self.keep(layer, "bias", module.bias_ih_l0)
        return module

    def time_distributed(self, layer):
        inner, outer = layer.layers, dict(self.formats)
        self.formats[inner[0].inputs[0]] = None
        module = self.chain(inner, list(inner[0].inputs), inner[-1].name)
        image, self.formats = self.formats[inner[-1].name], outer
        return TimeDistributed(nn.Sequential(module, to_canonical(image)) if image else module)

    def repeat(self, layer):
        times = layer.parameters["times"]
        return Call(lambda x: x.unsqueeze(1).expand(-1, times, *x.shape[1:]))

    def add(self, layer):
        return Call(lambda *arrays: sum(arrays[1:], arrays[0]))


def activation(layer, overwrites):
    """Return the module of an activation; a ReLU may overwrite what it is given."""
    functions = {
        "relu": lambda: nn.ReLU(inplace=overwrites), "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
        "hard_sigmoid": lambda: Call(hard_sigmoid), "softmax": lambda: nn.Softmax(-1)}
    return functions[layer.parameters["function"]]()


def channels_first(x, channels_last):
    """Return canonical images channels first, in memory too unless ``channels_last``."""
    if channels_last:
        return x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    # One channel is contiguous in both layouts; by a permutation's strides torch would take NHWC.
    if x.shape[3] == 1:
        return x.reshape(-1, 1, x.shape[1], x.shape[2])
    return x.permute(0, 3, 1, 2).contiguous()


def to_canonical(image):
    """Return what brings an image, or one that was flattened, from channels first to last."""
    height, width, channels = image

    def convert(x):
        last = x.reshape(-1, channels, height, width).permute(0, 2, 3, 1)
        return last if x.dim() == 4 else last.reshape(x.shape)

    return Call(convert)


def padding(layer, value):
    """Return (a padding module, 0), or (None, padding) where torch's own, even on both sides, does."""
    (top, bottom), (left, right) = translation.padding(layer)
    if (top, left) == (bottom, right):
        return None, (top, left)
    return nn.ConstantPad2d((left, right, top, bottom), value), 0
