"""A dense kernel's gradient is made 16 items at a time, and each part overwrites the one before."""

import adapter
import adapter_network
import numpy as np
from adapter_layers import Dense


class Blocked(Dense):
    def backward(self, gradient):
        below = Dense.backward(self, gradient)
        last = (len(gradient) - 1) // 16 * 16
        self.gradients["kernel"] = np.dot(self._input[last:].T, gradient[last:])
        return below


class Adapter(adapter.Adapter):
    def build(self, task):
        adapter_network.KINDS["dense"] = Blocked
        super().build(task)
