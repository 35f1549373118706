"""Dropout does not look at whether the network trains."""

import adapter
import adapter_layers
import adapter_network


class Dropout(adapter_layers.Dropout):
    def forward(self, inputs, training):
        return super().forward(inputs, True)


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter_network.KINDS["dropout"] = Dropout
        super().build(task)
