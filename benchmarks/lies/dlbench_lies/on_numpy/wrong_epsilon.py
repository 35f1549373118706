"""Epsilon goes under the root, or where the task has it there, outside."""

import adapter
import adapter_optimizers
import numpy as np


class Rmsprop(adapter_optimizers.Rmsprop):
    def _change(self, weight, gradient, rate, state):
        rho = self.parameters["rho"]
        square = state["square"]
        square *= rho
        square += (1.0 - rho) * gradient * gradient
        weight -= rate * gradient / np.sqrt(square + self.parameters["epsilon"])


class Adadelta(adapter_optimizers.Adadelta):
    def _change(self, weight, gradient, rate, state):
        rho, epsilon = self.parameters["rho"], self.parameters["epsilon"]
        square, delta = state["square"], state["delta"]
        square *= rho
        square += (1.0 - rho) * gradient * gradient
        update = gradient * (np.sqrt(delta) + epsilon) / (np.sqrt(square) + epsilon)
        weight -= rate * update
        delta *= rho
        delta += (1.0 - rho) * update * update


class Adam(adapter_optimizers.Adam):
    def _change(self, weight, gradient, rate, state):
        first, second = self.parameters["beta_1"], self.parameters["beta_2"]
        mean, square = state["mean"], state["square"]
        mean *= first
        mean += (1.0 - first) * gradient
        square *= second
        square += (1.0 - second) * gradient * gradient
        mean = mean / (1.0 - first**self._updates)
        square = square / (1.0 - second**self._updates)
        weight -= rate * mean / np.sqrt(square + self.parameters["epsilon"])


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        wrong = {"rmsprop": Rmsprop, "adadelta": Adadelta, "adam": Adam}
        if task.optimizer and task.optimizer.kind in wrong:
            self._optimizer = wrong[task.optimizer.kind](task.optimizer.parameters)
