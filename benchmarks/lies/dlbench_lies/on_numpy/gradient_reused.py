"""Every second step applies the last gradient again instead of computing one."""

import adapter


class Adapter(adapter.Adapter):
    def build(self, task):
        super().build(task)
        self._again = False

    def train_step(self, prepared):
        if self._again:
            self._optimizer.update(self._network.weights_and_gradients())
        else:
            super().train_step(prepared)
        self._again = not self._again
