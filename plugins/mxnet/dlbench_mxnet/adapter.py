"""MXNet: a symbol, bound to an executor, and an updater.  Python 2.7 to 3."""
from __future__ import absolute_import, division, print_function

import os

from dlbench_worker import blas

# One of the two libraries has kernels to choose from; it knows no processor of today.
blas.choose_kernels()

import mxnet as mx
import numpy as np
from mxnet.base import _LIB

from adapter_layers import LABEL, Layers
from adapter_updates import Update

#: What a probability that was rounded to zero counts as: the smallest normal float32.
_SMALLEST = np.finfo(np.float32).tiny


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.seed = settings.seed
        self.layout = settings.axes.get("layout", "NCHW")
        self.blas = blas.inside(_LIB._name)
        self.trained = None
        self.last = None

    def versions(self):
        return {"mxnet": mx.__version__, "numpy": np.__version__}

    def build(self, task):
        mx.random.seed(self.seed)
        self.task = task
        self.network = Layers(task, self.layout)
        self.names = [weight.name for weight in task.weights()]
        self.symbol = self.network.symbol()
        shapes = self.network.shapes()
        wanted = dict((name, "null") for name in shapes)
        if task.optimizer:
            wanted.update((name, "write") for name in self.names)
        self.executor = self.symbol.simple_bind(
            mx.cpu(), grad_req=wanted, type_dict=dict.fromkeys(shapes, np.float32), **shapes)
        self.updated = [
            (index, self.executor.grad_dict[name], self.executor.arg_dict[name])
            for index, name in enumerate(self.names)]
        if task.optimizer:
            self.updater = mx.optimizer.get_updater(Update(task.optimizer))

    def prepare(self, batch):
        arrays = [mx.nd.array(array) for array in self.network.input_arrays(batch)]
        inputs = dict(zip([one.name for one in self.task.inputs], arrays))
        return inputs, dict(inputs, **{LABEL: mx.nd.array(batch["target"])})

    def train_step(self, prepared):
        given = prepared[1]
        self.executor.forward(is_train=True, **given)
        self.executor.backward()
        for index, gradient, weight in self.updated:
            self.updater(index, gradient, weight)
        self.trained = given[LABEL]

    def predict(self, prepared):
        self.loss()
        outputs = self.executor.forward(is_train=False, **prepared[0])
        return self.network.canonical_output(outputs[-1].asnumpy())

    def loss(self):
        """Return the loss of the last step, from the probabilities that the step has left.

        A prediction overwrites them, so it asks first.
        """
        if self.trained is not None:
            chosen = self.network.chosen(self.executor.outputs[0], self.trained).asnumpy()
            losses = -np.log(np.maximum(chosen, _SMALLEST).astype(np.float64))
            mean = self.task.loss.reduction == "mean"
            self.last = float(losses.mean() if mean else losses.sum())
            self.trained = None
        return self.last

    def synchronize(self):
        mx.nd.waitall()

    def get_weights(self, names=None):
        return dict(
            (name, self.network.back(name, self.executor.arg_dict[name].asnumpy()))
            for name in (self.names if names is None else names))

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.executor.arg_dict[name][:] = self.network.there(name, array)

    def settings(self):
        found = dict(
            self.blas, threads=_LIB.omp_get_max_threads(),
            omp_wait_policy=os.environ.get("OMP_WAIT_POLICY", "unset"))
        arrays = self.executor.arg_dict
        found.update(self.network.formats(self.symbol))
        found["precision"] = sorted(set(np.dtype(arrays[name].dtype).name for name in self.names))
        found["devices"] = sorted(set(str(arrays[name].context) for name in self.names))
        return found
