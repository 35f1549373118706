"""Torch7's optim: every method works on all weights as one vector, in place.  Python 2.7 to 3.

The forms are those of docs/protocol.md.
"""
from __future__ import absolute_import, division, print_function

import torch

from dlbench_worker.updates import slots


class Optim(object):
    """``step`` changes ``weights``, a vector, by ``gradient``; one method for each kind."""

    def __init__(self, wanted, weights, gradient):
        self.change = getattr(self, wanted.kind)
        self.given = wanted.parameters
        self.weights, self.gradient = weights, gradient
        self.kept = dict(
            (name, torch.Tensor(len(weights)).fill_(start)) for name, start in slots(wanted))
        self.root = torch.Tensor()
        self.count = 0

    def step(self):
        rate = self.given["learning_rate"] / (1.0 + self.given["decay"] * self.count)
        self.count += 1
        self.change(rate, self.given, **self.kept)

    def sgd(self, rate, given, velocity=None):
        if velocity is None:
            self.weights.add_(-rate, self.gradient)
            return
        velocity.mul_(given["momentum"]).add_(-rate, self.gradient)
        if given["nesterov"]:
            self.weights.add_(given["momentum"], velocity).add_(-rate, self.gradient)
        else:
            self.weights.add_(velocity)

    def rmsprop(self, rate, given, square):
        average(square, given["rho"], self.gradient)
        torch.sqrt(square, out=self.root).add_(given["epsilon"])
        self.weights.addcdiv_(-rate, self.gradient, self.root)

    def adagrad(self, rate, given, square):
        square.addcmul_(1.0, self.gradient, self.gradient)
        torch.sqrt(square, out=self.root).add_(given["epsilon"])
        self.weights.addcdiv_(-rate, self.gradient, self.root)

    def adadelta(self, rate, given, square, change):
        average(square, given["rho"], self.gradient)
        torch.add(square, given["epsilon"], out=self.root).sqrt_()
        update = (change + given["epsilon"]).sqrt_().div_(self.root).mul_(self.gradient)
        self.weights.add_(-rate, update)
        average(change, given["rho"], update)

    def adam(self, rate, given, mean, square):
        mean.mul_(given["beta_1"]).add_(1.0 - given["beta_1"], self.gradient)
        average(square, given["beta_2"], self.gradient)
        torch.div(square, 1.0 - given["beta_2"] ** self.count, out=self.root)
        self.root.sqrt_().add_(given["epsilon"])
        self.weights.addcdiv_(-rate / (1.0 - given["beta_1"] ** self.count), mean, self.root)


def average(kept, share, value):
    """Let ``kept`` become share kept + (1 - share) value value."""
    kept.mul_(share).addcmul_(1.0 - share, value, value)
