"""Deeplearning4j on the Java machine; what its versions differ in is the network's."""
from __future__ import absolute_import

import importlib

import jpype
import numpy as np

import adapter_java
from dlbench_worker import blas

#: Version -> the module with its network, and the kernels that its OpenBLAS has.
PROGRAMS = {
    "1.0.0-M2.1": ("adapter_graph", blas.KERNELS),
    "0.4-rc3.8": ("adapter_chain", blas.KERNELS[1:]),
}


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.asked = settings
        self.program, kernels = PROGRAMS[adapter_java.version()]
        adapter_java.choose(settings.threads, adapter_java.is_tuned(settings), kernels)

    def versions(self):
        java = str(adapter_java.System.getProperty("java.version"))
        return {
            "deeplearning4j": adapter_java.version(), "java": java, "jpype": jpype.__version__,
            "numpy": np.__version__}

    def build(self, task):
        # This loads ND4J, and so the libraries that read the settings.
        made_by = importlib.import_module(self.program)
        self.network = made_by.Network(task, self.asked)

    def prepare(self, batch):
        return self.network.prepare(batch)

    def train_step(self, prepared):
        self.network.train_step(prepared)

    def predict(self, prepared):
        return self.network.predict(prepared)

    def loss(self):
        return self.network.loss()

    def synchronize(self):
        """Nothing runs behind: on the CPU every operation returns when it is done."""

    def get_weights(self, names=None):
        names = self.network.names if names is None else names
        return dict((name, self.network.get_weight(name)) for name in names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.network.set_weight(name, array)

    def settings(self):
        return self.network.settings()
