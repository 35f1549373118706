"""The oracle with one fault, named by the axis ``fault``.  Lies beside the oracle's own files."""
import numpy as np

import adapter
import adapter_network
from adapter_layers import Dropout


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        adapter.Adapter.__init__(self, settings)
        self.fault = settings.axes["fault"]

    def build(self, task):
        if self.fault == "momentum":
            task.optimizer.parameters["beta_1"] = 0.95
        if self.fault == "epsilon":
            task.optimizer.parameters["epsilon"] *= 10
        adapter_network.KINDS["dropout"] = DROPOUTS.get(self.fault, Dropout)
        adapter.Adapter.build(self, task)

    def train_step(self, prepared):
        kept = self.get_weights() if self.fault == "skipped" else {}
        adapter.Adapter.train_step(self, prepared)
        self.set_weights(kept)

    def set_weights(self, arrays):
        adapter.Adapter.set_weights(self, self.turned(arrays))

    def get_weights(self, names=None):
        return self.turned(adapter.Adapter.get_weights(self, names))

    def turned(self, arrays):
        if self.fault != "transposed":
            return arrays
        return dict((name, one.T if len(set(one.shape)) == 1 and one.ndim == 2 else one)
                    for name, one in arrays.items())


class NoDropout(Dropout):
    def forward(self, inputs, training):
        return Dropout.forward(self, inputs, False)


class AlwaysDropout(Dropout):
    def forward(self, inputs, training):
        return Dropout.forward(self, inputs, True)


class ChannelDropout(Dropout):
    def forward(self, inputs, training):
        self._mask = None
        if not training:
            return inputs[0]
        shape = (len(inputs[0]), 1, 1, inputs[0].shape[-1])
        kept = self._state.random_sample(shape) >= self._rate
        self._mask = np.array(kept / (1.0 - self._rate), self.dtype)
        return inputs[0] * self._mask


DROPOUTS = {
    "dropout off": NoDropout,
    "dropout in prediction": AlwaysDropout,
    "whole channels": ChannelDropout,
}
