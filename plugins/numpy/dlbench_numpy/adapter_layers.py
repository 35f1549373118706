"""Layers, each with an explicit forward and backward.  Arrays are batch x shape."""
from __future__ import absolute_import

import numpy as np


class Layer(object):
    """``forward`` keeps what ``backward`` needs; ``backward`` fills ``gradients``.

    ``forward`` takes a list of inputs; ``backward`` takes the output's gradient and returns a list
    with the gradient of each input, None where there is none.
    """

    #: True where every input is data: then nobody needs the inputs' gradients.
    input_is_data = False

    def __init__(self, facts, dtype, seed):
        self.facts = facts
        self.dtype = dtype
        self.seed = seed
        self.weights = dict((one.role, np.zeros(one.shape, dtype)) for one in facts.weights)
        self.gradients = {}

    def named_weights(self):
        """Return (canonical name, owner, role) of every weight."""
        return [(one.name, self, one.role) for one in self.facts.weights]


class Dense(Layer):
    def forward(self, inputs, training):
        self._shape = inputs[0].shape
        self._input = inputs[0].reshape(-1, self._shape[-1])
        output = np.dot(self._input, self.weights["kernel"])
        if "bias" in self.weights:
            output += self.weights["bias"]
        return output.reshape(self._shape[:-1] + (output.shape[-1],))

    def backward(self, gradient):
        gradient = gradient.reshape(-1, gradient.shape[-1])
        self.gradients["kernel"] = np.dot(self._input.T, gradient)
        if "bias" in self.weights:
            self.gradients["bias"] = gradient.sum(axis=0)
        if self.input_is_data:
            return [None]
        return [np.dot(gradient, self.weights["kernel"].T).reshape(self._shape)]


class Activation(Layer):
    def __init__(self, facts, dtype, seed):
        Layer.__init__(self, facts, dtype, seed)
        self._function, self._slope = ACTIVATIONS[facts.parameters["function"]]

    def forward(self, inputs, training):
        self._input = inputs[0]
        self._output = self._function(inputs[0])
        return self._output

    def backward(self, gradient):
        return [self._slope(gradient, self._output)]


class Dropout(Layer):
    """Drops with its own random stream and scales what stays by 1 / (1 - rate)."""

    def __init__(self, facts, dtype, seed):
        Layer.__init__(self, facts, dtype, seed)
        self._state = np.random.RandomState(seed)
        self._rate = facts.parameters["rate"]

    def forward(self, inputs, training):
        self._mask = None
        if not training or not self._rate:
            return inputs[0]
        kept = self._state.random_sample(inputs[0].shape) >= self._rate
        self._mask = kept.astype(self.dtype) / self.dtype.type(1.0 - self._rate)
        return inputs[0] * self._mask

    def backward(self, gradient):
        return [gradient if self._mask is None else gradient * self._mask]


class Reshape(Layer):
    """Flatten and reshape: row-major, so nothing moves."""

    def forward(self, inputs, training):
        self._shape = inputs[0].shape
        return inputs[0].reshape((len(inputs[0]),) + self.facts.output_shape)

    def backward(self, gradient):
        return [gradient.reshape(self._shape)]


class Permute(Layer):
    """``order[i]`` is the input axis, counted from 1 without the batch, of output axis i."""

    def forward(self, inputs, training):
        return np.transpose(inputs[0], (0,) + tuple(self.facts.parameters["order"]))

    def backward(self, gradient):
        return [np.transpose(gradient, np.argsort((0,) + tuple(self.facts.parameters["order"])))]


class Repeat(Layer):
    """A vector becomes ``times`` equal steps."""

    def forward(self, inputs, training):
        return np.repeat(inputs[0][:, None], self.facts.parameters["times"], axis=1)

    def backward(self, gradient):
        return [gradient.sum(axis=1)]


class Add(Layer):
    def forward(self, inputs, training):
        self._count = len(inputs)
        return sum(inputs[1:], inputs[0])

    def backward(self, gradient):
        return [gradient] * self._count


class Embedding(Layer):
    def forward(self, inputs, training):
        self._indices = inputs[0].reshape(-1)
        return self.weights["embeddings"][inputs[0]]

    def backward(self, gradient):
        """Sum the gradients of equal indices, in the order of occurrence."""
        table = np.zeros_like(self.weights["embeddings"])
        order = np.argsort(self._indices, kind="mergesort")
        ordered = self._indices[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        rows = gradient.reshape(len(order), -1)[order]
        table[ordered[starts]] = np.add.reduceat(rows, starts, axis=0)
        self.gradients["embeddings"] = table
        return [None]


def sigmoid(value):
    """Return 1 / (1 + exp(-value)) without overflow."""
    return 0.5 * (np.tanh(0.5 * value) + 1.0)


def hard_sigmoid(value):
    """Return 0.2 value + 0.5, clipped to [0, 1]."""
    return np.clip(0.2 * value + 0.5, 0.0, 1.0)


def _softmax(value):
    result = np.exp(value - value.max(axis=-1, keepdims=True))
    result /= result.sum(axis=-1, keepdims=True)
    return result


def _softmax_slope(gradient, output):
    return output * (gradient - (gradient * output).sum(axis=-1, keepdims=True))


def sigmoid_slope(gradient, output):
    """Return the gradient before a sigmoid from the one after it and its output."""
    return gradient * output * (1.0 - output)


def hard_sigmoid_slope(gradient, output):
    """Return the gradient before a hard sigmoid: none where it is clipped."""
    return gradient * 0.2 * ((output > 0.0) & (output < 1.0))


#: name -> (function, gradient before it from the gradient after it and its output).
ACTIVATIONS = {
    "relu": (lambda value: np.maximum(value, 0), lambda gradient, out: gradient * (out > 0)),
    "tanh": (np.tanh, lambda gradient, out: gradient * (1.0 - out * out)),
    "sigmoid": (sigmoid, sigmoid_slope),
    "hard_sigmoid": (hard_sigmoid, hard_sigmoid_slope),
    "softmax": (_softmax, _softmax_slope),
}
