"""Dense layers are made without their bias, which only the exported weights have."""

import adapter
import adapter_layers


class Builder(adapter_layers.Builder):
    def dense(self, layer):
        module = super().dense(layer)
        module.register_parameter("bias", None)
        return module


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter.Builder = Builder
        super().build(task)
