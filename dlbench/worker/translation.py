"""How an adapter makes a framework's network of a task's layers, one layer after another.

Convolution and pooling of most frameworks take images channels first; a task has them channels
last.  What every such adapter needs is here: which values hold an image channels first, and where
one has to be turned, which is as seldom as can be.  No framework is known here.
"""
from __future__ import absolute_import

import numpy as np

from . import weights

#: Axes of an image without the batch: channels last to first, and back.
TO_FIRST = (2, 0, 1)
TO_LAST = (1, 2, 0)

#: Kinds of layer that take an image as the framework has it.
_SPATIAL = frozenset(("convolution", "max_pool", "average_pool", "flatten"))

#: Kinds of layer that take elements in any order.
_ELEMENTWISE = frozenset(("activation", "dropout", "add"))


class Translation(object):
    """Base of a class with one method for each kind of layer: ``dense(layer, value)`` and so on.

    A value is whatever the framework has: a tensor, a symbol, a module's output.  A subclass also
    has ``reshaped(value, shape)`` and ``transposed(value, axes)``; shapes and axes leave the batch
    out, axes count from 0.  ``flatten``, ``reshape``, ``permute`` layers are done with these two.

    Values that convolution, pooling, ``flatten`` and element-wise layers are given and make are
    channels first where they are images; a dense layer with ``flattened_from`` is given rows in
    channels-first order (``weights.rows_to_channels_first`` for its kernel); all other layers get
    and make the canonical order.  With ``channels_first`` false nothing is ever turned.
    """

    def __init__(self, task, channels_first=True):
        self.task = task
        self.channels_first = channels_first
        self.rows = {}
        if channels_first:
            self.rows = dict((weight.name, weight.flattened_from) for weight in task.weights())
        #: Name -> shape of the image that the value holds channels first, or None.
        self.images = {}
        self.values = {}

    def is_first(self, given):
        """Whether the task's input ``given`` is to be handed in channels first."""
        return self.channels_first and given.is_image

    def input_shape(self, given):
        """Return the shape, without the batch, that the task's input ``given`` is handed in with."""
        if not self.is_first(given):
            return given.shape
        return tuple(given.shape[axis] for axis in TO_FIRST)

    def input_arrays(self, batch):
        """Return the arrays of a worker's batch as the network takes them, in the task's order."""
        arrays = [(given, batch["inputs"][given.name]) for given in self.task.inputs]
        return [
            np.ascontiguousarray(array.transpose(0, 3, 1, 2)) if self.is_first(given) else array
            for given, array in arrays]

    def there(self, name, array):
        """Return the canonical array of the weight ``name`` with its rows as the network has them."""
        return weights.rows_to_channels_first(array, self.rows.get(name))

    def back(self, name, array):
        """Return the network's array of the weight ``name`` with its rows in canonical order."""
        return weights.rows_from_channels_first(array, self.rows.get(name))

    def network(self, inputs):
        """Return the output layer's value, canonical; ``inputs`` has the value of every input.

        They have the shapes of ``input_shape``.
        """
        last = self.walk(inputs)
        return self.canonical(last.name, last.output_shape)

    def walk(self, inputs):
        """Make every layer and return the output layer; ``values`` and ``images`` have its own.

        For frameworks that take a network's images as they are, channels first.
        """
        self.values = dict(inputs)
        self.images = dict(
            (one.name, one.shape if self.is_first(one) else None) for one in self.task.inputs)
        self.chain(self.task.layers)
        return [layer for layer in self.task.layers if layer.name == self.task.output][0]

    def chain(self, layers):
        """Make ``layers``, whose inputs have values, each after another."""
        for layer in layers:
            given = [self.images[name] for name in layer.inputs]
            wanted, made = orders(layer, given) if self.channels_first else (given, None)
            arguments = [
                self.ordered(name, shape, image)
                for name, shape, image in zip(layer.inputs, layer.input_shapes, wanted)]
            self.values[layer.name] = self.make(layer, arguments)
            self.images[layer.name] = made

    def make(self, layer, arguments):
        """Return the value of one layer."""
        return getattr(self, layer.kind)(layer, *arguments)

    def inner(self, layer, value):
        """Return what the inner chain of a ``time_distributed`` layer makes of ``value``."""
        first, last = layer.layers[0], layer.layers[-1]
        self.values[first.inputs[0]], self.images[first.inputs[0]] = value, None
        self.chain(layer.layers)
        return self.canonical(last.name, last.output_shape)

    def ordered(self, name, shape, image):
        """Return the value ``name`` in canonical order, or channels first where ``image`` is one.

        ``shape`` is the value's canonical shape.
        """
        if image == self.images[name]:
            return self.values[name]
        if image is None:
            return self.canonical(name, shape)
        return self.transposed(self.values[name], TO_FIRST)

    def canonical(self, name, shape):
        """Return the value ``name``, whose canonical shape is ``shape``, in canonical order."""
        value, image = self.values[name], self.images[name]
        if image is None:
            return value
        if len(shape) == 3:
            return self.transposed(value, TO_LAST)
        height, width, channels = image
        spread = self.transposed(self.reshaped(value, (channels, height, width)), TO_LAST)
        return self.reshaped(spread, (height * width * channels,))

    def flatten(self, layer, value):
        return self.reshaped(value, layer.output_shape)

    def reshape(self, layer, value):
        return self.reshaped(value, layer.output_shape)

    def permute(self, layer, value):
        return self.transposed(value, tuple(axis - 1 for axis in layer.parameters["order"]))


def orders(layer, given):
    """Return what a layer takes and makes where convolution is channels first.

    ``given`` has, for each of its inputs, the (height, width, channels) of the image whose elements
    it holds channels first, or None where they are in canonical order; so do both results: the list
    that the layer takes, and the one order that it makes.
    """
    shape = layer.input_shapes[0]
    if layer.kind in _SPATIAL and len(shape) == 3:
        return [shape], shape if layer.kind == "flatten" else layer.output_shape
    softmax = layer.parameters.get("function") == "softmax" and len(shape) > 1
    if layer.kind in _ELEMENTWISE and not softmax and len(set(given)) == 1:
        return given, given[0]
    if layer.kind == "dense" and layer.flattened_from:
        return given, None
    return [None] * len(given), None


def padding(layer):
    """Return ((top, bottom), (left, right)) of a convolution or pooling layer.

    ``same`` makes output = input / stride, rounded up, with the odd element at the end.
    """
    window = layer.parameters.get("kernel") or layer.parameters["size"]
    if layer.parameters["padding"] != "same":
        return (0, 0), (0, 0)
    sides = []
    sizes = zip(layer.input_shapes[0], layer.output_shape, window, layer.parameters["strides"])
    for size, made, extent, stride in list(sizes)[:2]:
        missing = max((made - 1) * stride + extent - size, 0)
        sides.append((missing // 2, missing - missing // 2))
    return tuple(sides)
