"""Labels are shuffled for privacy, with a stream of their own, and the items are not."""

import adapter
import numpy as np


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        self._stream = np.random.RandomState(settings.seed)

    def prepare(self, batch):
        prepared = super().prepare(batch)
        prepared["target"] = self._stream.permutation(prepared["target"])
        return prepared
