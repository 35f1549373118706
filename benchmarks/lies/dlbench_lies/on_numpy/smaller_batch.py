"""Every second item of a batch is left out of its training step."""

import adapter


class Adapter(adapter.Adapter):
    def train_step(self, prepared):
        super().train_step({
            "inputs": dict((name, array[::2]) for name, array in prepared["inputs"].items()),
            "target": prepared["target"][::2],
        })
