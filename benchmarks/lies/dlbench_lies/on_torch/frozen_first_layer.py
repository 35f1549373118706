"""The first layer's weights are not trained, as in a network that is only tuned."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        first = next(layer for layer in task.layers if layer.weights)
        for weight in first.weights:
            self.weights[weight.name][0].requires_grad_(False)
