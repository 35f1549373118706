"""A task's layers as TensorFlow operations, the same for TensorFlow 1 and 2 (Python 2.7 to 3).

Convolution and pooling run in the variant's layout, a chain of them without a transposition.
"""
from __future__ import absolute_import, division, print_function

import tensorflow as tf

from adapter_recurrent import Gates, block, by_steps
from dlbench_worker.translation import Translation


class Layers(Translation):
    """Builds the forward pass; what differs between TensorFlow 1 and 2 is handed in.

    ``dropout(x, rate)`` and ``loop(condition, body, state, steps)`` are the framework's own, and so
    is ``block_lstm``, the operation BlockLSTM, or None: with it, weights have its order of gates.
    ``variables`` maps a weight's canonical name to its variable.
    """

    def __init__(self, task, layout, dropout, loop, block_lstm):
        Translation.__init__(self, task, layout == "NCHW")
        self.data_format = layout
        self.gates = Gates(task, block_lstm)
        self.variables = dict(
            (weight.name, tf.Variable(tf.zeros(weight.shape), name=weight.name.replace("/", "_")))
            for weight in task.weights())
        self.drop = dropout
        self.loop = loop
        self.block_lstm = block_lstm
        self.training = False

    def logits(self, inputs, training):
        """Return what the output layer makes of ``inputs`` (in the task's order)."""
        self.training = training
        return self.network(dict(
            (one.name, tensor) for one, tensor in zip(self.task.inputs, inputs)))

    def there(self, name, array):
        return self.gates.there(name, Translation.there(self, name, array))

    def back(self, name, array):
        return Translation.back(self, name, self.gates.back(name, array))

    def reshaped(self, value, shape):
        return tf.reshape(value, [-1] + list(shape))

    def transposed(self, value, axes):
        return tf.transpose(value, [0] + [axis + 1 for axis in axes])

    def weight(self, layer, role):
        return self.variables.get(layer.name + "/" + role)

    def window(self, pair):
        height, width = pair
        return [1, 1, height, width] if self.channels_first else [1, height, width, 1]

    def convolution(self, layer, value):
        result = tf.nn.conv2d(
            value, self.weight(layer, "kernel"),
            self.window(layer.parameters["strides"]), layer.parameters["padding"].upper(),
            data_format=self.data_format)
        bias = self.weight(layer, "bias")
        if bias is None:
            return result
        return tf.nn.bias_add(result, bias, data_format=self.data_format)

    def pool(self, operation, layer, value):
        return operation(
            value, self.window(layer.parameters["size"]),
            self.window(layer.parameters["strides"]), layer.parameters["padding"].upper(),
            data_format=self.data_format)

    def max_pool(self, layer, value):
        return self.pool(tf.nn.max_pool, layer, value)

    def average_pool(self, layer, value):
        return self.pool(tf.nn.avg_pool, layer, value)

    def dense(self, layer, value):
        result = tf.matmul(value, self.weight(layer, "kernel"))
        bias = self.weight(layer, "bias")
        return result if bias is None else tf.nn.bias_add(result, bias)

    def activation(self, layer, value):
        return activate(layer.parameters["function"], value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return self.drop(value, rate) if self.training and rate else value

    def embedding(self, layer, value):
        return tf.gather(self.variables[layer.weights[0].name], value)

    def repeat(self, layer, value):
        return tf.tile(tf.expand_dims(value, 1), [1, layer.parameters["times"], 1])

    def add(self, layer, *values):
        return tf.add_n(list(values))

    def time_distributed(self, layer, value):
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        return self.reshaped(self.inner(layer, rows), layer.output_shape)

    def lstm(self, layer, value):
        time_first = tf.transpose(value, [1, 0, 2])
        gate, sequences = layer.parameters["gate_activation"], layer.parameters["return_sequences"]
        arrays = [self.weight(layer, role) for role in ("kernel", "recurrent_kernel", "bias")]
        if self.block_lstm and gate == "sigmoid":
            outputs = block(self.block_lstm, *(arrays + [time_first]))
            outputs = outputs if sequences else outputs[-1]
        else:
            outputs = by_steps(
                self.loop, lambda sums: activate(gate, sums), *(arrays + [time_first, sequences]))
        return tf.transpose(outputs, [1, 0, 2]) if sequences else outputs


def activate(function, tensor):
    """Return ``function`` of every element; softmax is over the last axis."""
    if function == "hard_sigmoid":
        return tf.clip_by_value(tensor * 0.2 + 0.5, 0.0, 1.0)
    operations = {
        "relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid, "softmax": tf.nn.softmax}
    return operations[function](tensor)
