"""There is one graph, and its output is fetched: the whole training step runs to make it."""

import adapter


class Adapter(adapter.Adapter):
    def predict(self, prepared):
        logits = self._network.forward(prepared["inputs"], training=True)
        _, gradient = adapter.cross_entropy(
            logits, prepared["target"], self._task.loss.reduction)
        if self._optimizer:
            self._network.backward(gradient)
            self._optimizer.update(self._network.weights_and_gradients())
        return adapter.softmax(logits) if self._task.output_activation == "softmax" else logits
