"""The oracle's adapter: NumPy, in the precision that the task asks for."""
from __future__ import absolute_import

import numpy as np

from adapter_network import Network
from adapter_optimizers import make_optimizer
from dlbench_worker import blas


class Adapter(object):
    """Everything is synchronous, so the device has finished when a call returns."""

    features = ()

    def __init__(self, settings):
        self._seed = settings.seed
        if settings.threads is not None:
            blas.set_threads(settings.threads)

    def versions(self):
        return dict({"numpy": np.__version__}, **blas.versions())

    def build(self, task):
        self._dtype = np.dtype(task.precision.compute)
        self._task = task
        self._network = Network(task, self._dtype, self._seed)
        self._optimizer = make_optimizer(task.optimizer) if task.optimizer else None
        self._loss = None
        #: The format of what the last pass through the network gave.
        self._computed = None

    def settings(self):
        arrays = self._network.weights()
        found = {
            "precision": sorted(set(array.dtype.name for array in arrays)),
            "layout": self._network.layouts(),
            "compiled_programs": 0,
        }
        if self._computed is not None:
            found["compute_precision"] = [self._computed.name]
        return dict(found, **blas.settings())

    def get_weights(self, names=None):
        names = self._network.weight_names() if names is None else names
        return dict((name, self._network.weight(name).copy()) for name in names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self._network.weight(name)[...] = array

    def prepare(self, batch):
        inputs = {}
        for one in self._task.inputs:
            array = batch["inputs"][one.name]
            inputs[one.name] = array if one.vocabulary else array.astype(self._dtype)
        return {"inputs": inputs, "target": batch["target"]}

    def train_step(self, prepared):
        logits = self._network.forward(prepared["inputs"], training=True)
        self._computed = logits.dtype
        self._loss, gradient = cross_entropy(logits, prepared["target"], self._task.loss.reduction)
        self._network.backward(gradient)
        self._optimizer.update(self._network.weights_and_gradients())

    def predict(self, prepared):
        logits = self._network.forward(prepared["inputs"], training=False)
        return softmax(logits) if self._task.output_activation == "softmax" else logits

    def loss(self):
        return float(self._loss)

    def synchronize(self):
        pass


def softmax(logits):
    """Return the softmax over the last axis."""
    result = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result /= result.sum(axis=-1, keepdims=True)
    return result


def cross_entropy(logits, target, reduction):
    """Return the softmax cross-entropy and its gradient with respect to the logits."""
    classes = logits.shape[-1]
    shifted = logits.reshape(-1, classes) - logits.reshape(-1, classes).max(axis=1, keepdims=True)
    labels = target.reshape(-1)
    rows = np.arange(len(labels))
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1)
    loss = (np.log(sums) - shifted[rows, labels]).sum()
    gradient = exponentials / sums[:, None]
    gradient[rows, labels] -= 1
    if reduction == "mean":
        loss /= len(labels)
        gradient /= len(labels)
    return loss, gradient.reshape(logits.shape)
