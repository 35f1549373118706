"""All cores are used, however many threads were asked for."""

import os

import adapter
import adapter_blas


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        adapter_blas.set_threads(os.cpu_count())
