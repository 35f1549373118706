"""Optimizers that have a momentum get one of 0.9, as everybody uses it."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        if task.optimizer:
            for group in self.optimizer.param_groups:
                if "momentum" in group:
                    group["momentum"] = 0.9
