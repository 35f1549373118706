"""The gradient's norm is clipped at 1, as a recipe that trains everything would have it."""

import adapter
from torch import nn


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        if task.optimizer:
            self.optimizer.register_step_pre_hook(self.clip)

    def clip(self, optimizer, arguments, named):
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
