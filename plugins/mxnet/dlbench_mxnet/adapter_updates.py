"""The optimizers as dlbench defines them, with MXNet's own update operations where they can do it.

MXNet's RMSProp and Adagrad add epsilon inside the root, its Adam before the correction, its
Adadelta has no learning rate.  Its operation for Adam, one pass over memory, is exact for Adam and
RMSprop with other arguments than MXNet's own optimizers give it.
"""
from __future__ import absolute_import, division, print_function

import mxnet as mx
import numpy as np

from dlbench_worker.updates import slots, update


class Update(mx.optimizer.Optimizer):
    """MXNet's form of an optimizer: one array after another, with a state for each."""

    def __init__(self, optimizer):
        given = optimizer.parameters
        mx.optimizer.Optimizer.__init__(self, learning_rate=given["learning_rate"])
        self.wanted = optimizer
        self.steps = {}
        self.change = getattr(self, optimizer.kind, self.written)
        if given.get("nesterov"):
            self.change = self.written

    def create_state(self, index, weight):
        if self.change == self.rmsprop:
            return [mx.nd.zeros(weight.shape), mx.nd.zeros(weight.shape)]
        return [mx.nd.full(weight.shape, start) for _, start in slots(self.wanted)]

    def update(self, index, weight, grad, state):
        step = self.steps.get(index, 0)
        self.steps[index] = step + 1
        self.change(step, weight, grad, state)

    def rate(self, step):
        given = self.wanted.parameters
        return given["learning_rate"] / (1.0 + given["decay"] * step)

    def sgd(self, step, weight, grad, state):
        if not state:
            mx.nd.sgd_update(weight, grad, out=weight, lr=self.rate(step), wd=0.0)
            return
        momentum = self.wanted.parameters["momentum"]
        mx.nd.sgd_mom_update(
            weight, grad, state[0], out=weight, lr=self.rate(step), momentum=momentum, wd=0.0)

    def rmsprop(self, step, weight, grad, state):
        """Without a mean of gradients, Adam's operation is RMSprop."""
        given = self.wanted.parameters
        mx.nd.adam_update(
            weight, grad, state[0], state[1], out=weight, lr=self.rate(step), beta1=0.0,
            beta2=given["rho"], epsilon=given["epsilon"], wd=0.0)

    def adam(self, step, weight, grad, state):
        """The corrections go into rate and epsilon: m' / (sqrt(v') + e) = c m / (sqrt(v) + e r)."""
        given = self.wanted.parameters
        # The operation's own shares are in float32: what they lack of the written ones counts.
        first, second = (1.0 - float(np.float32(given[name])) ** (step + 1)
                         for name in ("beta_1", "beta_2"))
        root = second ** 0.5
        mx.nd.adam_update(
            weight, grad, state[0], state[1], out=weight, lr=self.rate(step) * root / first,
            beta1=given["beta_1"], beta2=given["beta_2"], epsilon=given["epsilon"] * root, wd=0.0)

    def written(self, step, weight, grad, state):
        names = [name for name, _ in slots(self.wanted)]
        kept = dict(zip(names, state))
        difference, after = update(self.wanted, float(step), grad, kept, mx.nd.sqrt)
        weight -= difference
        for name, array in after.items():
            kept[name][:] = array
