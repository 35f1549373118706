"""Theano: shared variables, T.grad, and one compiled function a step.  Python 2.7."""
from __future__ import absolute_import, division, print_function

import ctypes

from dlbench_worker import blas

# Theano's compiled functions load it, long after NumPy has loaded its own.
blas.choose_kernels()
ctypes.CDLL("libopenblas.so.0")

import numpy as np
import theano
import theano.tensor as T

from adapter_layers import Layers
from adapter_program import describe
from dlbench_worker.updates import slots, update

#: Of the two OpenBLAS in the process, this one is in the path of the one that Theano is linked to.
SYSTEM = "/usr/lib/"


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.seed = settings.seed
        if settings.threads:
            blas.set_threads(settings.threads, SYSTEM)
        self.last = None

    def versions(self):
        compiler = theano.gof.cmodule.gcc_version()
        found = {"theano": theano.__version__, "numpy": np.__version__, "g++": str(compiler)}
        return dict(found, **blas.versions(SYSTEM))

    def build(self, task):
        self.task = task
        network = self.network = Layers(task, self.seed)
        self.variables = network.variables
        inputs = [network.symbol(one) for one in task.inputs]
        target = T.TensorType("int32", (False,) * (1 + len(task.target.shape)))("target")
        logits = network.logits(inputs, False)
        softmax = task.output_activation == "softmax"
        self.infer = theano.function(
            inputs, network.softmax(logits) if softmax else logits, name="predict")
        self.step = None
        if task.optimizer:
            loss = self.cost(network.logits(inputs, True), target)
            self.step = theano.function(
                inputs + [target], loss, updates=self.updates(loss), name="train")

    def cost(self, logits, target):
        """Return the reduced cross-entropy of the labels."""
        rows = logits.reshape((-1, self.task.target.classes))
        losses = T.nnet.categorical_crossentropy(T.nnet.softmax(rows), target.flatten())
        return losses.mean() if self.task.loss.reduction == "mean" else losses.sum()

    def updates(self, loss):
        """Return the (variable, new value) of every weight and of what is kept beside it."""
        optimizer = self.task.optimizer
        names = sorted(self.variables)
        weights = [self.variables[name] for name in names]
        count = theano.shared(np.float32(0))
        changes = [(count, count + np.float32(1))]
        for weight, gradient in zip(weights, T.grad(loss, weights)):
            kept = dict((slot, theano.shared(np.full_like(weight.get_value(), start)))
                        for slot, start in slots(optimizer))
            difference, after = update(optimizer, count, gradient, kept, T.sqrt)
            changes.append((weight, weight - difference))
            changes.extend((kept[slot], value) for slot, value in after.items())
        return changes

    def prepare(self, batch):
        return self.network.input_arrays(batch) + [batch["target"]]

    def train_step(self, prepared):
        self.last = self.step(*prepared)

    def predict(self, prepared):
        return self.infer(*prepared[:-1])

    def loss(self):
        return float(self.last)

    def synchronize(self):
        """Nothing is left to wait for: a function returns when it is done."""

    def get_weights(self, names=None):
        names = self.variables if names is None else names
        return dict((name, self.network.back(name, self.variables[name].get_value()))
                    for name in names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.variables[name].set_value(self.network.there(name, array))

    def settings(self):
        precision = set(variable.dtype for variable in self.variables.values())
        found = {"precision": sorted(precision)}
        found.update(describe(self.step or self.infer))
        found.update(blas.settings(SYSTEM))
        return found
