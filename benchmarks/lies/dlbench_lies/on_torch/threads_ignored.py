"""All cores are used, however many threads were asked for."""

import os

import adapter
import torch


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        torch.set_num_threads(os.cpu_count())
