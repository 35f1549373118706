"""The last layer with weights that keeps its input's shape is passed by."""

import adapter
import adapter_network
import numpy as np
from adapter_layers import Layer


class Passed(Layer):
    def forward(self, inputs, training):
        return inputs[0]

    def backward(self, gradient):
        for role, weight in self.weights.items():
            self.gradients[role] = np.zeros_like(weight)
        return [gradient]


class Adapter(adapter.Adapter):
    def build(self, task):
        same = [one for one in task.layers
                if one.weights and one.input_shapes == (one.output_shape,)]
        honest = adapter_network.KINDS
        if same:
            adapter_network.make_layer = lambda facts, dtype, seed: (
                Passed if facts is same[-1] else honest[facts.kind])(facts, dtype, seed)
        super().build(task)
