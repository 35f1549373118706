"""Trains on the first half of every batch."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def train_step(self, prepared):
        half = len(prepared["target"]) // 2
        inputs = dict((name, array[:half]) for name, array in prepared["inputs"].items())
        Oracle.train_step(self, {"inputs": inputs, "target": prepared["target"][:half]})
