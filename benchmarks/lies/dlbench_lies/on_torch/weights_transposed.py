"""Kernels of dense layers are read in the shape that torch has, but never transposed."""

import adapter
import adapter_layers
import numpy as np


class Builder(adapter_layers.Builder):
    def dense(self, layer):
        module = super().dense(layer)
        self.keep(
            layer, "kernel", module.weight,
            lambda array: np.array(array).reshape(array.shape[::-1]),
            lambda array: np.array(array).reshape(array.shape[::-1]))
        return module


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter.Builder = Builder
        super().build(task)
