"""Optimizers as docs/protocol.md defines them; t counts updates from 1, g is the gradient."""
from __future__ import absolute_import

import math

import numpy as np


class Optimizer(object):
    """Keeps the state of each weight; ``_slots`` names its arrays, all zero at the start."""

    _slots = ()

    def __init__(self, parameters):
        self.parameters = parameters
        self._state = {}
        self._updates = 0

    def update(self, weights_and_gradients):
        """Change every weight in place."""
        decay = self.parameters.get("decay", 0.0)
        rate = self.parameters["learning_rate"] / (1.0 + decay * self._updates)
        self._updates += 1
        for name, weight, gradient in weights_and_gradients:
            if name not in self._state:
                self._state[name] = dict((slot, self._start(weight)) for slot in self._slots)
            self._change(weight, gradient, rate, self._state[name])

    def _start(self, weight):
        return np.zeros_like(weight)


class Sgd(Optimizer):
    """v = momentum v - rate g;  w += v, or with nesterov w += momentum v - rate g."""

    _slots = ("velocity",)

    def _change(self, weight, gradient, rate, state):
        momentum = self.parameters.get("momentum", 0.0)
        if not momentum:
            weight -= rate * gradient
            return
        velocity = state["velocity"]
        velocity *= momentum
        velocity -= rate * gradient
        weight += momentum * velocity - rate * gradient if self.parameters["nesterov"] else velocity


class Rmsprop(Optimizer):
    """a = rho a + (1 - rho) g g;  w -= rate g / (sqrt(a) + epsilon)."""

    _slots = ("square",)

    def _change(self, weight, gradient, rate, state):
        rho = self.parameters["rho"]
        square = state["square"]
        square *= rho
        square += (1.0 - rho) * gradient * gradient
        weight -= rate * gradient / (np.sqrt(square) + self.parameters["epsilon"])


class Adagrad(Optimizer):
    """a += g g, from ``accumulator``;  w -= rate g / (sqrt(a) + epsilon)."""

    _slots = ("square",)

    def _start(self, weight):
        return np.full_like(weight, self.parameters.get("accumulator", 0.0))

    def _change(self, weight, gradient, rate, state):
        square = state["square"]
        square += gradient * gradient
        weight -= rate * gradient / (np.sqrt(square) + self.parameters["epsilon"])


class Adadelta(Optimizer):
    """a = rho a + (1 - rho) g g;  u = g sqrt(d + epsilon) / sqrt(a + epsilon);  w -= rate u;
    d = rho d + (1 - rho) u u."""

    _slots = ("square", "delta")

    def _change(self, weight, gradient, rate, state):
        rho, epsilon = self.parameters["rho"], self.parameters["epsilon"]
        square, delta = state["square"], state["delta"]
        square *= rho
        square += (1.0 - rho) * gradient * gradient
        update = gradient * np.sqrt(delta + epsilon) / np.sqrt(square + epsilon)
        weight -= rate * update
        delta *= rho
        delta += (1.0 - rho) * update * update


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g g;
    w -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)."""

    _slots = ("mean", "square")

    def _change(self, weight, gradient, rate, state):
        first, second = self.parameters["beta_1"], self.parameters["beta_2"]
        mean, square = state["mean"], state["square"]
        mean *= first
        mean += (1.0 - first) * gradient
        square *= second
        square += (1.0 - second) * gradient * gradient
        root = np.sqrt(square) / math.sqrt(1.0 - second**self._updates)
        weight -= rate / (1.0 - first**self._updates) * mean / (root + self.parameters["epsilon"])


def make_optimizer(facts):
    """Return the optimizer that a task names."""
    kinds = {"sgd": Sgd, "rmsprop": Rmsprop, "adagrad": Adagrad, "adadelta": Adadelta, "adam": Adam}
    return kinds[facts.kind](facts.parameters)
