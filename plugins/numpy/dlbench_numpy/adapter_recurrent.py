"""LSTM over batch x time x features, backpropagated through time."""
from __future__ import absolute_import

import numpy as np

from adapter_layers import ACTIVATIONS, Layer


class Lstm(Layer):
    """Gate blocks are ordered input, forget, candidate, output; the candidate is a tanh.

    z = x kernel + h recurrent_kernel + bias;  c = f c + i tanh(z_c);  h = o tanh(c).
    """

    def __init__(self, facts, dtype, seed):
        Layer.__init__(self, facts, dtype, seed)
        self._units = facts.parameters["units"]
        self._sequences = facts.parameters["return_sequences"]
        self._gate, self._gate_slope = ACTIVATIONS[facts.parameters["gate_activation"]]

    def forward(self, inputs, training):
        self._input = inputs[0]
        batch, steps, features = self._input.shape
        units = self._units
        projected = np.dot(self._input.reshape(-1, features), self.weights["kernel"])
        projected += self.weights["bias"]
        projected = projected.reshape(batch, steps, 4 * units)
        self._hidden = np.zeros((steps + 1, batch, units), self.dtype)
        self._cell = np.zeros((steps + 1, batch, units), self.dtype)
        self._gates = np.empty((steps, batch, 4 * units), self.dtype)
        for step in range(steps):
            z = projected[:, step] + np.dot(self._hidden[step], self.weights["recurrent_kernel"])
            gates = self._gates[step]
            gates[...] = self._gate(z)
            gates[:, 2 * units : 3 * units] = np.tanh(z[:, 2 * units : 3 * units])
            i, f, c, o = np.split(gates, 4, axis=1)
            self._cell[step + 1] = f * self._cell[step] + i * c
            self._hidden[step + 1] = o * np.tanh(self._cell[step + 1])
        if self._sequences:
            return self._hidden[1:].transpose(1, 0, 2)
        return self._hidden[steps]

    def backward(self, gradient):
        batch, steps, features = self._input.shape
        units = self._units
        of_z = np.empty((steps, batch, 4 * units), self.dtype)
        of_hidden = np.zeros((batch, units), self.dtype)
        of_cell = np.zeros((batch, units), self.dtype)
        recurrent = self.weights["recurrent_kernel"]
        for step in reversed(range(steps)):
            if self._sequences:
                of_hidden = of_hidden + gradient[:, step]
            elif step == steps - 1:
                of_hidden = of_hidden + gradient
            of_cell = self._step_back(step, of_hidden, of_cell, of_z[step])
            of_hidden = np.dot(of_z[step], recurrent.T)
        flat = of_z.reshape(-1, 4 * units)
        by_time = self._input.transpose(1, 0, 2).reshape(-1, features)
        self.gradients["kernel"] = np.dot(by_time.T, flat)
        self.gradients["recurrent_kernel"] = np.dot(self._hidden[:-1].reshape(-1, units).T, flat)
        self.gradients["bias"] = flat.sum(axis=0)
        if self.input_is_data:
            return [None]
        of_input = np.dot(flat, self.weights["kernel"].T).reshape(steps, batch, features)
        return [of_input.transpose(1, 0, 2)]

    def _step_back(self, step, of_hidden, of_cell, of_z):
        """Fill the gradient before the gates of one step; return that of the cell before it."""
        i, f, c, o = np.split(self._gates[step], 4, axis=1)
        of_i, of_f, of_c, of_o = np.split(of_z, 4, axis=1)
        squashed = np.tanh(self._cell[step + 1])
        of_cell = of_cell + of_hidden * o * (1.0 - squashed * squashed)
        of_i[...] = self._gate_slope(of_cell * c, i)
        of_f[...] = self._gate_slope(of_cell * self._cell[step], f)
        of_c[...] = of_cell * i * (1.0 - c * c)
        of_o[...] = self._gate_slope(of_hidden * squashed, o)
        return of_cell * f
