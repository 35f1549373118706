"""The last ReLU is not there."""

import adapter
import adapter_network
from adapter_layers import Activation


class Linear(Activation):
    def forward(self, inputs, training):
        return inputs[0]

    def backward(self, gradient):
        return [gradient]


class Adapter(adapter.Adapter):
    def build(self, task):
        relus = [one for one in task.layers if one.parameters.get("function") == "relu"]
        honest = adapter_network.KINDS
        if relus:
            adapter_network.make_layer = lambda facts, dtype, seed: (
                Linear if facts is relus[-1] else honest[facts.kind])(facts, dtype, seed)
        super().build(task)
