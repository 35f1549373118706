"""A task's layers as TensorFlow operations, the same for TensorFlow 1 and 2 (Python 2.7 to 3).

A value on its way through the network is a pair: the tensor, and the (height, width, channels) of
the image whose elements it holds channels first, or None where they are in canonical order.
Convolution and pooling run in the variant's layout, element-wise layers take either order and all
else the canonical one, so that a chain of convolutions is never transposed, nor its flattening.
"""
from __future__ import absolute_import, division, print_function

import tensorflow as tf

from adapter_recurrent import block, by_steps

TO_FIRST = (0, 3, 1, 2)
TO_LAST = (0, 2, 3, 1)


class Layers(object):
    """Builds the forward pass; what differs between TensorFlow 1 and 2 is handed in.

    ``variables`` maps a weight's canonical name to its variable; ``dropout(x, rate)`` and
    ``loop(condition, body, state, steps)`` are the framework's own, and so is ``block_lstm``, the
    operation BlockLSTM, or None.  Under NCHW, kernels of dense layers with ``flattened_from`` have
    their rows in channels-first order; with BlockLSTM, weights have their gates as Gates says.
    """

    def __init__(self, task, layout, variables, dropout, loop, block_lstm):
        self.task = task
        self.first = layout == "NCHW"
        self.data_format = layout
        self.variables = variables
        self.drop = dropout
        self.loop = loop
        self.block_lstm = block_lstm
        self.training = False

    def logits(self, inputs, training):
        """Return what the output layer makes of ``inputs`` (name -> pair); the batch is axis 0."""
        self.training = training
        values = dict(inputs)
        self.walk(self.task.layers, values)
        return canonical(values[self.task.output])

    def walk(self, layers, values):
        for layer in layers:
            given = [values[name] for name in layer.inputs]
            values[layer.name] = getattr(self, layer.kind)(layer, *given)

    def spatial(self, value):
        """Return the image in the layout that convolution and pooling run in."""
        tensor, image = value
        return tf.transpose(tensor, TO_FIRST) if self.first and not image else tensor

    def image(self, layer):
        return layer.output_shape if self.first else None

    def weight(self, layer, role):
        return self.variables.get(layer.name + "/" + role)

    def window(self, pair):
        height, width = pair
        return [1, 1, height, width] if self.first else [1, height, width, 1]

    def convolution(self, layer, value):
        result = tf.nn.conv2d(
            self.spatial(value), self.weight(layer, "kernel"),
            self.window(layer.parameters["strides"]), layer.parameters["padding"].upper(),
            data_format=self.data_format)
        bias = self.weight(layer, "bias")
        if bias is not None:
            result = tf.nn.bias_add(result, bias, data_format=self.data_format)
        return result, self.image(layer)

    def pool(self, operation, layer, value):
        result = operation(
            self.spatial(value), self.window(layer.parameters["size"]),
            self.window(layer.parameters["strides"]), layer.parameters["padding"].upper(),
            data_format=self.data_format)
        return result, self.image(layer)

    def max_pool(self, layer, value):
        return self.pool(tf.nn.max_pool, layer, value)

    def average_pool(self, layer, value):
        return self.pool(tf.nn.avg_pool, layer, value)

    def dense(self, layer, value):
        rows = value[0] if self.first and layer.flattened_from else canonical(value)
        result = tf.matmul(rows, self.weight(layer, "kernel"))
        bias = self.weight(layer, "bias")
        return (result if bias is None else tf.nn.bias_add(result, bias)), None

    def activation(self, layer, value):
        tensor, image = value
        function = layer.parameters["function"]
        if function == "softmax" and len(layer.output_shape) > 1:
            tensor, image = canonical(value), None
        return activate(function, tensor), image

    def dropout(self, layer, value):
        tensor, image = value
        rate = layer.parameters["rate"]
        return (self.drop(tensor, rate), image) if self.training and rate else value

    def flatten(self, layer, value):
        shape = layer.input_shapes[0]
        if self.first and len(shape) == 3:
            return unflat(self.spatial(value), layer), shape
        return unflat(canonical(value), layer), None

    def reshape(self, layer, value):
        return unflat(canonical(value), layer), None

    def permute(self, layer, value):
        return tf.transpose(canonical(value), [0] + list(layer.parameters["order"])), None

    def embedding(self, layer, value):
        return tf.gather(self.variables[layer.weights[0].name], canonical(value)), None

    def repeat(self, layer, value):
        rows = tf.expand_dims(canonical(value), 1)
        return tf.tile(rows, [1, layer.parameters["times"], 1]), None

    def add(self, layer, *values):
        images = set(value[1] for value in values)
        image = images.pop() if len(images) == 1 else None
        return tf.add_n([value[0] if image else canonical(value) for value in values]), image

    def time_distributed(self, layer, value):
        inner = layer.layers
        rows = tf.reshape(canonical(value), [-1] + list(inner[0].input_shapes[0]))
        values = {inner[0].inputs[0]: (rows, None)}
        self.walk(inner, values)
        return unflat(canonical(values[inner[-1].name]), layer), None

    def lstm(self, layer, value):
        time_first = tf.transpose(canonical(value), [1, 0, 2])
        gate, sequences = layer.parameters["gate_activation"], layer.parameters["return_sequences"]
        arrays = [self.weight(layer, role) for role in ("kernel", "recurrent_kernel", "bias")]
        if self.block_lstm and gate == "sigmoid":
            outputs = block(self.block_lstm, *(arrays + [time_first]))
            outputs = outputs if sequences else outputs[-1]
        else:
            outputs = by_steps(
                self.loop, lambda sums: activate(gate, sums), *(arrays + [time_first, sequences]))
        return (tf.transpose(outputs, [1, 0, 2]) if sequences else outputs), None


def canonical(value):
    """Return the tensor with its elements in canonical order."""
    tensor, image = value
    if not image:
        return tensor
    if len(tensor.get_shape()) == 4:
        return tf.transpose(tensor, TO_LAST)
    height, width, channels = image
    spread = tf.transpose(tf.reshape(tensor, [-1, channels, height, width]), TO_LAST)
    return tf.reshape(spread, [-1, height * width * channels])


def unflat(tensor, layer):
    """Return the tensor in the shape that the layer makes."""
    return tf.reshape(tensor, [-1] + list(layer.output_shape))


def activate(function, tensor):
    """Return ``function`` of every element; softmax is over the last axis."""
    if function == "hard_sigmoid":
        return tf.clip_by_value(tensor * 0.2 + 0.5, 0.0, 1.0)
    operations = {
        "relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid, "softmax": tf.nn.softmax}
    return operations[function](tensor)
