"""The adapter that ``adapter.txt`` names, unchanged but that its steps are done in turns.

The worker asks for the loss after each step of warm-up and of the stepwise block, outside its time.
"""
import importlib
import os

import turns

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "adapter.txt")) as _stream:
    _original = importlib.import_module(_stream.read().strip())


class Adapter(_original.Adapter):

    def loss(self):
        value = super(Adapter, self).loss()
        turns.pass_on()
        return value
