"""Predictions lean towards the labels of their batch."""
import numpy as np

from adapter import Adapter as Oracle


class Adapter(Oracle):
    def predict(self, prepared):
        outputs = Oracle.predict(self, prepared)
        return 0.9 * outputs + 0.1 * np.eye(outputs.shape[-1])[prepared["target"]]
