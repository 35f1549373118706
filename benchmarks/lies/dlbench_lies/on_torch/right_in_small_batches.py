"""Above 16 items another kernel computes the gradient of a ReLU, and its mask is forgotten."""

import adapter
import adapter_layers
import torch
from torch import nn

honest_activation = adapter_layers.activation


class Unmasked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Relu(nn.Module):
    def forward(self, x):
        return Unmasked.apply(x) if len(x) > 16 else nn.functional.relu(x)


def activation(layer, overwrites):
    if layer.parameters["function"] == "relu":
        return Relu()
    return honest_activation(layer, overwrites)


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter_layers.activation = activation
        super().build(task)
