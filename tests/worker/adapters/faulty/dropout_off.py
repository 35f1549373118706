"""Trains without dropout."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def build(self, task):
        for layer in task.layers:
            if layer.kind == "dropout":
                layer.parameters = dict(layer.parameters, rate=0.0)
        Oracle.build(self, task)
        for layer in task.layers:
            if layer.kind == "dropout":
                layer.parameters = dict(layer.parameters, rate=0.5)
