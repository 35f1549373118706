"""Flattening is channels first, and the kernel after it is loaded as if it were channels last."""

import adapter
import adapter_layers
from dlbench_worker import weights


class Builder(adapter_layers.Builder):
    def dense(self, layer):
        module = super().dense(layer)
        self.keep(layer, "kernel", module.weight, weights.transposed, weights.transposed)
        return module


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter.Builder = Builder
        super().build(task)
