"""Keras 1 and 2: a functional model, compiled, and trained batch by batch.  Python 2.7 to 3.

What differs between Keras 1 and 2 is in adapter_dialect1 and adapter_dialect2, what differs between
backends in one file for each, named after it.
"""
from __future__ import absolute_import, division, print_function

import importlib
import os

# The backend's file goes first: it may have to prepare what Keras loads.
backend = importlib.import_module("adapter_" + os.environ["KERAS_BACKEND"])

import keras
import numpy as np
from keras import backend as K
from keras.callbacks import Callback

from adapter_network import Network, dialect
from adapter_training import make_loss, make_optimizer


class Adapter(object):
    features = ("train_epoch",)

    def __init__(self, settings):
        self.seed = settings.seed
        self.threads = settings.threads
        self.layout = settings.axes.get("layout", "NHWC")
        self.gated = settings.axes.get("updates", "gated") == "gated"
        self.last = None

    def versions(self):
        return dict(backend.versions(), keras=keras.__version__, numpy=np.__version__)

    def build(self, task):
        backend.start(self.seed, self.threads)
        np.random.seed(self.seed)
        self.task = task
        self.network = Network(task, self.layout == "NCHW", backend)
        self.model = self.network.model
        if task.optimizer:
            gate = backend.gated if self.gated else lambda kind: kind
            self.model.compile(make_optimizer(task.optimizer, gate), make_loss(task, dialect.sparse))

    def prepare(self, batch):
        # Keras takes a label of its own axis for every place of the output.
        target = batch["target"].reshape((len(batch["target"]),) + self.network.places + (1,))
        return self.network.input_arrays(batch), target

    def train_step(self, prepared):
        self.last = self.model.train_on_batch(*prepared)

    def train_epoch(self, data, order):
        inputs, target = self.prepare(data)
        last = LastLoss()
        self.model.fit(
            [array[order] for array in inputs], target[order], batch_size=self.task.batch_size,
            shuffle=False, verbose=0, callbacks=[last], **dialect.ONE_EPOCH)
        self.last = last.value

    def predict(self, prepared):
        outputs = self.model.predict_on_batch(prepared[0])
        return outputs.reshape((len(outputs),) + self.task.output_shape)

    def loss(self):
        return float(self.last)

    def synchronize(self):
        """Nothing is left to wait for: train_on_batch returns the loss of a step that is done."""

    def get_weights(self, names=None):
        names = sorted(self.network.variables) if names is None else list(names)
        variables = [variable for name in names for variable in self.network.variables[name]]
        arrays = iter(backend.read(self.model, variables))
        return dict(
            (name, self.network.back(name, [next(arrays) for _ in self.network.variables[name]]))
            for name in names)

    def set_weights(self, arrays):
        K.batch_set_value([
            pair for name, array in arrays.items()
            for pair in zip(self.network.variables[name], self.network.there(name, array))])

    def settings(self):
        variables = [one for parts in self.network.variables.values() for one in parts]
        return dict(
            backend.found(self.model), backend=K.backend(),
            precision=sorted(set(str(K.dtype(one)).replace("_ref", "") for one in variables)))


class LastLoss(Callback):
    """Keeps the loss of the last batch; Keras itself gives the mean of an epoch."""

    value = None

    def on_batch_end(self, batch, logs=None):
        self.value = logs["loss"]
