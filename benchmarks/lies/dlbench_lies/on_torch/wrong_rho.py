"""The decay of averages is left at the framework's default: the task's has another name."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        if task.optimizer:
            for group in self.optimizer.param_groups:
                if "alpha" in group:
                    group["alpha"] = 0.99
                if "rho" in group:
                    group["rho"] = 0.9
