"""A task's layers as Torch7's modules, joined as nngraph joins them.  Python 2.7 to 3."""
from __future__ import absolute_import, division, print_function

import torch

import adapter_modules as nn
import adapter_spatial as spatial
from dlbench_worker import translation, weights


class Node(object):
    """A module with the nodes that it reads; an input of the network has no module."""

    def __init__(self, module=None, inputs=()):
        self.module = module
        self.inputs = inputs
        self.output = self.gradient = None


class Layers(translation.Translation):
    """Makes the nodes, in an order in which each comes after those that it reads."""

    def __init__(self, task):
        translation.Translation.__init__(self, task)
        self.shapes = dict((one.name, one.shape) for one in task.weights())
        self.nodes = []
        #: Weight's canonical name -> (module, role).
        self.owners = {}
        self.readers = [name for layer in task.layers for name in layer.inputs] + [task.output]
        self.inputs = [Node() for _ in task.inputs]
        last = self.walk(dict(zip((one.name for one in task.inputs), self.inputs)))
        #: The shape of the image that the logits hold channels first, or None.
        self.image = self.images[last.name] if len(last.output_shape) == 3 else None
        self.output = self.values[last.name]
        if not self.image:
            self.output = self.canonical(last.name, last.output_shape)

    def there(self, name, array):
        array = translation.Translation.there(self, name, array)
        if array.ndim == 4:
            array = weights.hwio_to_oihw(array)
            return array.reshape(len(array), -1)
        return weights.transposed(array) if name.endswith("/kernel") else array

    def back(self, name, array):
        if len(self.shapes[name]) == 4:
            height, width, channels, filters = self.shapes[name]
            return weights.oihw_to_hwio(array.reshape(filters, channels, height, width))
        array = weights.transposed(array) if name.endswith("/kernel") else array
        return translation.Translation.back(self, name, array)

    def node(self, module, *inputs):
        self.nodes.append(Node(module, inputs))
        return self.nodes[-1]

    def owner(self, layer, module, *inputs):
        """Return the node of a module with weights."""
        for role in module.shapes:
            self.owners[layer.name + "/" + role] = (module, role)
        return self.node(module, *inputs)

    def reshaped(self, value, shape):
        return self.node(nn.View(shape), value)

    def transposed(self, value, axes):
        return self.node(nn.Transpose([0] + [axis + 1 for axis in axes]), value)

    def padded(self, layer, value, filling):
        """Return (value, the padding that kernels take): even on both sides, or made beforehand."""
        sides = translation.padding(layer)
        (top, bottom), (left, right) = sides
        if (top, left) == (bottom, right):
            return value, (top, left)
        return self.node(spatial.SpatialPadding(sides, filling), value), (0, 0)

    def convolution(self, layer, value):
        given = layer.parameters
        value, padding = self.padded(layer, value, 0.0)
        return self.owner(layer, spatial.SpatialConvolution(
            layer.input_shapes[0][2], given["filters"], given["kernel"], given["strides"],
            padding, given["bias"]), value)

    def max_pool(self, layer, value):
        given = layer.parameters
        value, padding = self.padded(layer, value, -float("inf"))
        return self.node(spatial.SpatialMaxPooling(given["size"], given["strides"], padding), value)

    def average_pool(self, layer, value):
        given = layer.parameters
        padded, padding = self.padded(layer, value, 0.0)
        pool = spatial.SpatialAveragePooling(given["size"], given["strides"], padding)
        result = self.node(pool, padded)
        if padded is value:
            return result
        height, width, _ = layer.input_shapes[0]
        share = pool.forward(padded.module.forward(torch.ones(1, 1, height, width)))
        return self.node(nn.CMul(1.0 / share), result)

    def dense(self, layer, value):
        shape, units = layer.input_shapes[0], layer.parameters["units"]
        rows = self.reshaped(value, shape[-1:]) if len(shape) > 1 else value
        result = self.owner(
            layer, nn.Linear(shape[-1], units, layer.parameters["bias"]), rows)
        return self.reshaped(result, layer.output_shape) if len(shape) > 1 else result

    def activation(self, layer, value):
        function = layer.parameters["function"]
        if function == "relu":
            owner = isinstance(value.module, (nn.Linear, spatial.SpatialConvolution))
            overwrites = owner and self.readers.count(layer.inputs[0]) == 1
            return self.node(nn.HardTanh(0.0, float("inf"), overwrites), value)
        if function == "hard_sigmoid":
            return self.node(nn.HardTanh(0.0, 1.0), self.node(nn.MulAdd(0.2, 0.5), value))
        if function == "softmax":
            return self.node(nn.SoftMax(), value)
        return self.node(nn.ByOutput({"tanh": "Tanh", "sigmoid": "Sigmoid"}[function]), value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return self.node(nn.Dropout(rate), value) if rate else value

    def embedding(self, layer, value):
        given = layer.parameters
        return self.owner(layer, nn.LookupTable(
            given["vocabulary"], given["units"], layer.weights[0].role), value)

    def lstm(self, layer, value):
        return self.node(nn.KERNELS.LSTMFused_updateOutput, value)

    def repeat(self, layer, value):
        return self.node(nn.Replicate(layer.parameters["times"]), value)

    def add(self, layer, *values):
        return self.node(nn.CAddTable(), *values)

    def time_distributed(self, layer, value):
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        return self.reshaped(self.inner(layer, rows), layer.output_shape)
