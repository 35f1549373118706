"""Rho is taken for the share of the new square, where it is the share of the old average."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        given = task.optimizer.parameters if task.optimizer else {}
        if "rho" in given:
            self._optimizer.parameters = dict(given, rho=1.0 - given["rho"])
