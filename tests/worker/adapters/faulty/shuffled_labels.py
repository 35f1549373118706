"""Trains with the labels of other items."""
import numpy as np

from adapter import Adapter as Oracle


class Adapter(Oracle):
    def train_step(self, prepared):
        Oracle.train_step(self, dict(prepared, target=np.roll(prepared["target"], 1, axis=0)))
