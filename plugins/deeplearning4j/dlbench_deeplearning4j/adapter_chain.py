"""Deeplearning4j 0.4-rc3.8: a chain of layers, fit on one batch at a time."""
from __future__ import absolute_import

import jpype
import numpy as np
from com.github.fommil.netlib import BLAS
from org.deeplearning4j.nn.api import OptimizationAlgorithm
from org.deeplearning4j.nn.conf import NeuralNetConfiguration, Updater
from org.deeplearning4j.nn.multilayer import MultiLayerNetwork
from org.nd4j.linalg.executors import ExecutorServiceProvider
from org.nd4j.linalg.factory import Nd4j

import adapter_java
from adapter_chain_layers import Chain
from dlbench_worker import Unsupported, blas

#: A part of the path of the BLAS under ND4J; NumPy has one of its own.
OPENBLAS = "/libopenblas.so"

PLACES = {"kernel": "W", "bias": "b"}

#: Optimizer -> Deeplearning4j's name, and its names for the parameters that it takes.
UPDATERS = {
    "sgd": ("SGD", {}), "nesterov": ("NESTEROVS", {"momentum": "momentum"}),
    "rmsprop": ("RMSPROP", {"rho": "rmsDecay"}), "adadelta": ("ADADELTA", {"rho": "rho"}),
    "adagrad": ("ADAGRAD", {}),
    "adam": ("ADAM", {"beta_1": "adamMeanDecay", "beta_2": "adamVarDecay"}),
}


class Network(object):
    def __init__(self, task, asked):
        self.task = task
        self.names = [one.name for one in task.weights()]
        builder = NeuralNetConfiguration.Builder().seed(asked.seed)
        if task.optimizer:
            set_updater(builder, task.optimizer)
        if adapter_java.is_tuned(asked):
            # Without these, each fit is five iterations of conjugate gradients.
            builder.iterations(1)
            builder.optimizationAlgo(OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT)
        self.layers = Chain(task, asked.axes.get("layout", "NCHW"))
        chain = self.layers.configuration(builder)
        if task.loss.reduction != "mean" or task.target.shape:
            raise Unsupported("Deeplearning4j 0.4-rc3.8 has no loss but the mean over items")
        self.network = MultiLayerNetwork(chain)
        self.network.init()

    def prepare(self, batch):
        (given,) = self.layers.input_arrays(batch)
        labels = np.zeros((len(given), self.task.target.classes), np.float32)
        labels[np.arange(len(given)), batch["target"]] = 1
        return to_java(given), to_java(labels)

    def train_step(self, prepared):
        self.network.fit(*prepared)

    def predict(self, prepared):
        if self.task.output_activation != "softmax":
            raise Unsupported("Deeplearning4j 0.4-rc3.8 ends in a softmax")
        return to_numpy(self.network.output(prepared[0], False))

    def loss(self):
        return float(self.network.score())

    def weight(self, name):
        """Return the array that Deeplearning4j keeps the weight in."""
        layer, role = name.rsplit("/", 1)
        return self.network.getLayer(self.layers.places[layer]).getParam(PLACES[role])

    def get_weight(self, name):
        return self.layers.back(name, to_numpy(self.weight(name)))

    def set_weight(self, name, array):
        weight = self.weight(name)
        weight.assign(to_java(self.layers.there(name, array)).reshape(weight.shape()))

    def settings(self):
        first = self.network.getLayer(0).conf()
        found = blas.settings(OPENBLAS)
        found["blas_version"] = blas.versions(OPENBLAS).get("blas", "unknown")
        # Its OpenBLAS was built for one thread; operations that are Java's have more.
        found["blas_threads"] = found.pop("threads", 1)
        found["threads"] = int(ExecutorServiceProvider.getForkJoinPool().getParallelism())
        # Without native libraries it is F2jBLAS, and half as fast.
        found["blas_vendor"] = str(BLAS.getInstance().getClass().getSimpleName())
        found["iterations"] = int(first.getNumIterations())
        found["algorithm"] = str(first.getOptimizationAlgo()).lower()
        found["java_heap"] = int(jpype.java.lang.Runtime.getRuntime().maxMemory())
        kind = {"float": "float32"}.get(str(Nd4j.dataType()).lower(), "unknown")
        found["precision"] = found["compute_precision"] = [kind]
        if self.layers.has_images:
            found["layout"] = ["NCHW"]
        return found


def set_updater(builder, optimizer):
    """Have the network's builder use the optimizer, as far as there is such a one."""
    given = optimizer.parameters
    if given["decay"]:
        raise Unsupported("Deeplearning4j 0.4-rc3.8 has no learning rate that decays")
    kind = "nesterov" if given.get("momentum") else optimizer.kind
    if kind == "nesterov" and not given["nesterov"]:
        raise Unsupported("Deeplearning4j 0.4-rc3.8 has no momentum but Nesterov's")
    name, parameters = UPDATERS[kind]
    builder.learningRate(given["learning_rate"]).updater(getattr(Updater, name))
    for own, theirs in parameters.items():
        getattr(builder, theirs)(given[own])


def to_java(values):
    """Return a new ND4J array with the float32 values of NumPy's."""
    flat = jpype.JArray(jpype.JFloat)(np.ascontiguousarray(values, np.float32).reshape(-1))
    return Nd4j.create(flat, jpype.JArray(jpype.JInt)(values.shape), "c")


def to_numpy(array):
    flat = np.array(array.dup("c").data().asFloat(), np.float32)
    return flat.reshape(tuple(array.shape()))
