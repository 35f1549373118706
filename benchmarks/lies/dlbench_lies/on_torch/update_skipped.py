"""The optimizer is made for a copy of the network, so the one that runs is never updated."""

import copy

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        if task.optimizer:
            master = copy.deepcopy(self.network)
            self.optimizer, self.schedule = adapter.optimizer(task.optimizer, master.parameters())
