"""Computes everything, and leaves the weights as they are."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def train_step(self, prepared):
        kept = self.get_weights()
        Oracle.train_step(self, prepared)
        self.set_weights(kept)
