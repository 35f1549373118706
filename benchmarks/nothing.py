"""An adapter that does nothing: what is left is the worker."""

import numpy as np


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.weights = {}

    def versions(self):
        return {}

    def build(self, task):
        self.outputs = np.zeros((task.batch_size,) + task.output_shape)

    def settings(self):
        return {}

    def get_weights(self, names=None):
        return dict((name, self.weights[name]) for name in names or self.weights)

    def set_weights(self, arrays):
        self.weights.update(arrays)

    def prepare(self, batch):
        return batch

    def train_step(self, prepared):
        pass

    def predict(self, prepared):
        return self.outputs

    def loss(self):
        return 0.0

    def synchronize(self):
        pass
