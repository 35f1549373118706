"""A dense layer's weights change as soon as their gradient is there, to save memory, and what goes
on to the layer below is computed with what they have become."""

import copy

import adapter
import adapter_layers
import adapter_network
import numpy as np


class Dense(adapter_layers.Dense):
    optimizer = None

    def backward(self, gradient):
        gradient = gradient.reshape(-1, gradient.shape[-1])
        self.gradients["kernel"] = np.dot(self._input.T, gradient)
        if "bias" in self.weights:
            self.gradients["bias"] = gradient.sum(axis=0)
        self.optimizer.update(
            [(role, self.weights[role], self.gradients[role]) for role in self.weights])
        if self.input_is_data:
            return [None]
        return [np.dot(gradient, self.weights["kernel"].T).reshape(self._shape)]


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter_network.KINDS["dense"] = Dense
        super().build(task)
        self._rest = []
        for name, (owner, _) in self._network._weights.items():
            if isinstance(owner, Dense):
                owner.optimizer = owner.optimizer or copy.deepcopy(self._optimizer)
            else:
                self._rest.append(name)

    def train_step(self, prepared):
        logits = self._network.forward(prepared["inputs"], training=True)
        self._loss, gradient = adapter.cross_entropy(
            logits, prepared["target"], self._task.loss.reduction)
        self._network.backward(gradient)
        self._optimizer.update(
            [one for one in self._network.weights_and_gradients() if one[0] in self._rest])
