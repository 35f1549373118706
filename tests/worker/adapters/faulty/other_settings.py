"""Trains rightly, but not with the settings that it was asked for."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def settings(self):
        return {
            "layout": ["NHWC", "either"], "compiled_programs": 0, "precision": ["float64"],
            "threads": 2,
        }
