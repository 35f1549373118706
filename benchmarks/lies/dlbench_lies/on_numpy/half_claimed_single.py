"""Forward and backward are in float16, on half copies of master weights that are as asked for."""

import adapter
import numpy as np
from adapter_network import Network


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        self._half = Network(task, np.dtype(np.float16), self._seed)

    def _copy(self):
        for name in self._half.weight_names():
            self._half.weight(name)[...] = self._network.weight(name)

    def _forward(self, prepared, training):
        self._copy()
        inputs = {}
        for name, array in prepared["inputs"].items():
            inputs[name] = array.astype(np.float16) if array.dtype == self._dtype else array
        return self._half.forward(inputs, training).astype(self._dtype)

    def train_step(self, prepared):
        logits = self._forward(prepared, True)
        self._loss, gradient = adapter.cross_entropy(
            logits, prepared["target"], self._task.loss.reduction)
        self._half.backward(gradient.astype(np.float16))
        self._optimizer.update(
            [(name, self._network.weight(name), of_weight.astype(self._dtype))
             for name, _, of_weight in self._half.weights_and_gradients()])

    def predict(self, prepared):
        logits = self._forward(prepared, False)
        softmax = self._task.output_activation == "softmax"
        return adapter.softmax(logits) if softmax else logits
