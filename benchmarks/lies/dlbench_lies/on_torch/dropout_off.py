"""Dropout is optimized away as in inference, in training too."""

import adapter
import adapter_layers
from torch import nn


class Builder(adapter_layers.Builder):
    def dropout(self, layer):
        return nn.Identity()


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter.Builder = Builder
        super().build(task)
