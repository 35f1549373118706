"""Every second step applies the last gradient again instead of computing one."""

import adapter


class Adapter(adapter.Adapter):
    again = False

    def train_step(self, prepared):
        if self.again:
            self.optimizer.step()
        else:
            super().train_step(prepared)
        self.again = not self.again
