"""LSTMs in operations of TensorFlow 1 and 2 (Python 2.7 to 3).

TensorFlow has one operation for all steps of an LSTM, BlockLSTM, with sigmoid gates in the order
input, candidate, forget, output.  XLA has none for it, and nothing has hard_sigmoid gates: these
are a loop over the steps.
"""
from __future__ import absolute_import, division, print_function

import tensorflow as tf

from dlbench_worker import weights

#: Gate blocks along the last axis of an LSTM's weights: as dlbench has them, and as BlockLSTM.
CANONICAL, BLOCK = "ifco", "icfo"

#: What BlockLSTM would add to the forget gate, and the bound of the cell: neither is wanted.
_PLAIN = {"forget_bias": 0.0, "cell_clip": 0.0, "use_peephole": False}


def has_own_gates(layers):
    """Whether any LSTM among ``layers`` has the gates that BlockLSTM has."""
    return any(layer.parameters.get("gate_activation") == "sigmoid"
               or has_own_gates(layer.layers) for layer in layers)


class Gates(object):
    """Which weights keep their gates in BlockLSTM's order: those of LSTMs with sigmoid gates."""

    def __init__(self, task, has_block):
        self.names = set()
        if has_block:
            self.find(task.layers)

    def find(self, layers):
        for layer in layers:
            if layer.parameters.get("gate_activation") == "sigmoid":
                self.names.update(weight.name for weight in layer.weights)
            self.find(layer.layers)

    def there(self, name, array):
        """Return the canonical array of weight ``name`` as its variable has it."""
        return weights.reorder_gates(array, CANONICAL, BLOCK) if name in self.names else array

    def back(self, name, array):
        """Return a variable's array in canonical order."""
        return weights.reorder_gates(array, BLOCK, CANONICAL) if name in self.names else array


def block(operation, kernel, recurrent, bias, inputs):
    """Return the outputs of all steps by ``operation``, BlockLSTM; all is time first."""
    steps = inputs.get_shape()[0]
    units = recurrent.get_shape()[0]
    state = tf.zeros(tf.stack([tf.shape(inputs)[1], int(units)]))
    unused = tf.zeros([int(units)])
    outputs = operation(
        seq_len_max=tf.constant(int(steps), tf.int64), x=inputs, cs_prev=state, h_prev=state,
        w=tf.concat([kernel, recurrent], 0), wci=unused, wcf=unused, wco=unused, b=bias,
        **_PLAIN).h
    # TensorFlow 1 does not know it.
    outputs.set_shape([steps, inputs.get_shape()[1], units])
    return outputs


def by_steps(loop, squash, kernel, recurrent, bias, inputs, sequences):
    """Return the outputs of all steps, time first, or the last; the gates are ``squash`` of sums.

    One product for the inputs of all steps, then ``loop(condition, body, state, steps)``.
    """
    steps, _, width = inputs.get_shape()
    steps, units = int(steps), int(recurrent.get_shape()[0])
    projected = tf.nn.bias_add(tf.matmul(tf.reshape(inputs, [-1, int(width)]), kernel), bias)
    projected = tf.reshape(projected, [steps, -1, 4 * units])
    sums = tf.TensorArray(tf.float32, steps).unstack(projected)
    outputs = tf.TensorArray(tf.float32, steps)
    zeros = tf.zeros_like(projected[0, :, :units])

    def body(step, hidden, cell, written):
        summed = sums.read(step) + tf.matmul(hidden, recurrent)
        enter, forget, _, leave = tf.split(squash(summed), 4, axis=1)
        candidate = tf.tanh(summed[:, 2 * units:3 * units])
        cell = forget * cell + enter * candidate
        hidden = leave * tf.tanh(cell)
        return step + 1, hidden, cell, written.write(step, hidden)

    _, hidden, _, written = loop(
        lambda step, *_: step < steps, body, (tf.constant(0), zeros, zeros, outputs), steps)
    if not sequences:
        return hidden
    outputs = written.stack()
    outputs.set_shape([steps, None, units])
    return outputs
