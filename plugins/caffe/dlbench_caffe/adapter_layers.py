"""A task's layers as Caffe layers in a NetSpec.

Caffe keeps images as batch x channels x height x width and runs an LSTM over steps x batch x
features.  It has no layer that turns axes; its users wrote one in Python, which is ``Permute`` here.
"""
from __future__ import absolute_import, division, print_function

from collections import Counter

import caffe
from caffe import layers as L
from caffe import params as P

from dlbench_worker import weights
from dlbench_worker.translation import Translation, padding

#: Blobs that are no layer of the task; no layer has such a name.
TARGET, LOSS, OUTPUTS = "network/target", "network/loss", "network/outputs"

#: The order of an LSTM's gates.
GATES, CANONICAL_GATES = "ifoc", "ifco"

#: What no maximum takes.
LOWEST = -3.4e38

#: Kinds of layer that do not need what they made in their backward pass: it may be overwritten.
OVERWRITABLE = frozenset(("convolution", "dense", "max_pool", "dropout"))


class Permute(caffe.Layer):
    """Turns axes; ``param_str`` has, for each axis of the top, the axis of the bottom."""

    def setup(self, bottom, top):
        self.axes = [int(axis) for axis in self.param_str.split()]
        self.back = [self.axes.index(axis) for axis in range(len(self.axes))]

    def reshape(self, bottom, top):
        shape = bottom[0].shape
        top[0].reshape(*[shape[axis] for axis in self.axes])

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data.transpose(self.axes)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff.transpose(self.back)


class Layers(Translation):
    """Makes the nets of a task, and translates their weights; values are the tops of a NetSpec."""

    def __init__(self, task):
        Translation.__init__(self, task)
        self.readers = Counter(name for layer in every(task.layers) for name in layer.inputs)
        self.gated = set(layer.name for layer in every(task.layers) if layer.kind == "lstm")

    def net(self, training):
        """Return the net as a NetParameter: one that ends in the loss, or one that predicts."""
        self.spec, self.overwritable = caffe.NetSpec(), set()
        #: How many items the values have: more than the batch within ``time_distributed``.
        self.items = self.task.batch_size
        for one in self.task.inputs:
            self.spec[one.name] = self.input(self.input_shape(one))
        last = self.walk(dict((one.name, self.spec[one.name]) for one in self.task.inputs))
        #: Whether what it makes are images, channels first.
        self.makes_images = self.images[last.name] == last.output_shape
        value = self.values[last.name]
        if not self.makes_images:
            value = self.canonical(last.name, last.output_shape)
        axis = 1 if self.makes_images else len(last.output_shape)
        if training:
            self.spec[TARGET] = self.input(self.task.target.shape)
            self.spec[LOSS] = self.loss(value, axis)
        elif self.task.output_activation == "softmax":
            self.spec[OUTPUTS] = L.Softmax(value, axis=axis)
        else:
            self.spec[OUTPUTS] = L.Split(value)
        return self.spec.to_proto()

    def input(self, shape):
        return L.Input(shape={"dim": [self.task.batch_size] + list(shape)})

    def loss(self, logits, axis):
        modes = {"mean": P.Loss.VALID, "sum": P.Loss.NONE}
        return L.SoftmaxWithLoss(
            logits, self.spec[TARGET], softmax_param={"axis": axis},
            loss_param={"normalization": modes[self.task.loss.reduction]})

    def make(self, layer, arguments):
        top = Translation.make(self, layer, arguments)
        if top not in arguments and layer.name not in self.spec.tops:
            self.spec[layer.name] = top
        if layer.kind in OVERWRITABLE or layer.parameters.get("function") == "relu":
            self.overwritable.add(layer.name)
        return top

    def overwrites(self, layer):
        """Whether nothing else needs what the layer is given, so that it may work in place."""
        return layer.inputs[0] in self.overwritable and self.readers[layer.inputs[0]] == 1

    def there(self, name, array):
        array = Translation.there(self, name, array)
        if name.rsplit("/", 1)[0] in self.gated:
            array = weights.reorder_gates(array, CANONICAL_GATES, GATES)
        return turned(name, array, weights.hwio_to_oihw)

    def back(self, name, array):
        array = turned(name, array, weights.oihw_to_hwio)
        if name.rsplit("/", 1)[0] in self.gated:
            array = weights.reorder_gates(array, GATES, CANONICAL_GATES)
        return Translation.back(self, name, array)

    def reshaped(self, value, shape):
        return L.Reshape(value, shape={"dim": [-1] + list(shape)})

    def transposed(self, value, axes):
        return permuted(value, [0] + [axis + 1 for axis in axes])

    def convolution(self, layer, value):
        given = layer.parameters
        value, pads = padded(layer, value, 0.0, self.items, layer.input_shapes[0][2])
        return L.Convolution(
            value, num_output=given["filters"], bias_term=given["bias"],
            **window(given["kernel"], given["strides"], pads))

    def max_pool(self, layer, value):
        return pooled(layer, value, P.Pooling.MAX, LOWEST, self.items, layer.input_shapes[0][2])

    def average_pool(self, layer, value):
        """Return the mean of what is inside the image; Caffe's own counts the padding, too."""
        made = pooled(layer, value, P.Pooling.AVE, 0.0, self.items, layer.input_shapes[0][2])
        if layer.parameters["padding"] == "valid":
            return made
        ones = constant(1.0, (1, 1) + layer.input_shapes[0][:2])
        inside = pooled(layer, ones, P.Pooling.AVE, 0.0, 1, 1)
        share = L.Reshape(inside, shape={"dim": list(layer.output_shape[:2])})
        return L.Scale(made, L.Power(share, power=-1.0), axis=2)

    def dense(self, layer, value):
        return L.InnerProduct(
            value, num_output=layer.parameters["units"], bias_term=layer.parameters["bias"],
            axis=len(layer.input_shapes[0]))

    def activation(self, layer, value):
        function = layer.parameters["function"]
        if function == "relu":
            return L.ReLU(value, in_place=self.overwrites(layer))
        if function == "hard_sigmoid":
            return L.Clip(L.Power(value, scale=0.2, shift=0.5), min=0.0, max=1.0)
        if function == "softmax":
            return L.Softmax(value, axis=-1)
        return {"tanh": L.TanH, "sigmoid": L.Sigmoid}[function](value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return L.Dropout(
            value, dropout_ratio=rate, in_place=self.overwrites(layer)) if rate else value

    def embedding(self, layer, value):
        given = layer.parameters
        return L.Embed(
            value, num_output=given["units"], input_dim=given["vocabulary"], bias_term=False)

    def repeat(self, layer, value):
        one = self.reshaped(value, (1,) + layer.input_shapes[0])
        return L.Tile(one, axis=1, tiles=layer.parameters["times"])

    def add(self, layer, *values):
        return L.Eltwise(*values)

    def time_distributed(self, layer, value):
        steps = layer.input_shapes[0][0]
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        self.items *= steps
        made = self.inner(layer, rows)
        self.items //= steps
        return self.reshaped(made, layer.output_shape)

    def lstm(self, layer, value):
        steps, units = layer.input_shapes[0][0], layer.parameters["units"]
        going_on = constant(0.0, (1, self.items))
        if steps > 1:
            going_on = L.Concat(going_on, constant(1.0, (steps - 1, self.items)), axis=0)
        outputs = self.spec[layer.name] = L.LSTM(
            permuted(value, [1, 0, 2]), going_on, recurrent_param={"num_output": units})
        if layer.parameters["return_sequences"]:
            return permuted(outputs, [1, 0, 2])
        if steps > 1:
            outputs = L.Slice(outputs, axis=0, slice_point=steps - 1, ntop=2)[1]
        return self.reshaped(outputs, (units,))


def every(layers):
    """Yield the layers, and those inside them."""
    for layer in layers:
        yield layer
        for inner in every(layer.layers):
            yield inner


def turned(name, array, convolution):
    """Return a weight with the axes of a kernel turned; ``convolution`` does it for images'."""
    if not name.endswith("kernel"):
        return array
    return convolution(array) if array.ndim == 4 else weights.transposed(array)


def permuted(value, axes):
    return L.Python(value, module=__name__, layer="Permute", param_str=" ".join(map(str, axes)))


def constant(value, shape):
    return L.DummyData(
        shape={"dim": list(shape)}, data_filler={"type": "constant", "value": value})


def window(size, strides, pads):
    """Return the parameters that convolution and pooling share."""
    return {
        "kernel_h": size[0], "kernel_w": size[1], "stride_h": strides[0], "stride_w": strides[1],
        "pad_h": pads[0], "pad_w": pads[1]}


def padded(layer, value, fill, items, channels):
    """Return images with ``fill`` where padding is uneven, and the even (height, width) left.

    Caffe itself pads both sides alike.
    """
    (top, bottom), (left, right) = padding(layer)
    height, width, _ = layer.input_shapes[0]
    if bottom > top:
        rows = constant(fill, (items, channels, bottom - top, width))
        value, height = L.Concat(value, rows, axis=2), height + bottom - top
    if right > left:
        columns = constant(fill, (items, channels, height, right - left))
        value = L.Concat(value, columns, axis=3)
    return value, (top, left)


def pooled(layer, value, pool, fill, items, channels):
    """Return images pooled; windows that reach over the far edges are Caffe's own way."""
    given = layer.parameters
    (top, _), (left, _) = padding(layer)
    pads, rounding = (top, left), P.Pooling.CEIL
    if not reaches_over(layer, pads):
        value, pads = padded(layer, value, fill, items, channels)
        rounding = P.Pooling.FLOOR
    return L.Pooling(
        value, pool=pool, round_mode=rounding, **window(given["size"], given["strides"], pads))


def reaches_over(layer, pads):
    """Whether Caffe makes the right number of windows when it rounds up."""
    given = layer.parameters
    sizes = zip(layer.input_shapes[0], given["size"], given["strides"], pads, layer.output_shape)
    return all(
        -((size + 2 * pad - extent) // -stride) + 1 == made
        for size, extent, stride, pad, made in sizes)
