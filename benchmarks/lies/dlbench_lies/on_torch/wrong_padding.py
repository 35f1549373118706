"""Padding is computed as other frameworks do it: the odd element goes before, not after."""

import adapter
import adapter_layers
from torch import nn


def padding(layer, value):
    window = layer.parameters.get("kernel") or layer.parameters["size"]
    before, after = [0, 0], [0, 0]
    if layer.parameters["padding"] == "same":
        sizes = zip(layer.input_shapes[0], layer.output_shape, window, layer.parameters["strides"])
        for axis, (size, made, extent, stride) in enumerate(list(sizes)[:2]):
            missing = max((made - 1) * stride + extent - size, 0)
            before[axis], after[axis] = missing - missing // 2, missing // 2
    if before == after:
        return None, tuple(before)
    return nn.ConstantPad2d((before[1], after[1], before[0], after[0]), value), 0


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter_layers.padding = padding
        super().build(task)
