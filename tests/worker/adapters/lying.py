"""Trains nothing, and predicts the same whatever it is given."""
import numpy as np

from quiet import Quiet


class Adapter(Quiet):
    def train_step(self, prepared):
        pass

    def predict(self, prepared):
        return np.full((len(prepared["target"]), 3), 1 / 3.0)
