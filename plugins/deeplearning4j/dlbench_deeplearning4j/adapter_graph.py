"""Deeplearning4j 1.0.0-M2.1: a graph, built from its configuration, and fit on one batch at a time."""
from __future__ import absolute_import

from adapter_arrays import Prepared, to_java, to_numpy
from adapter_layers import PLACES, Layers
from adapter_optimizers import start_of_updater, updater_of
from adapter_settings import active

from org.deeplearning4j.nn.conf import NeuralNetConfiguration
from org.deeplearning4j.nn.graph import ComputationGraph
from org.nd4j.linalg.api.buffer import DataType


class Network(object):
    def __init__(self, task, asked):
        self.task = task
        self.names = [one.name for one in task.weights()]
        builder = NeuralNetConfiguration.Builder().seed(asked.seed).dataType(DataType.FLOAT)
        builder.miniBatch(task.loss.reduction == "mean")
        if task.optimizer:
            builder.updater(updater_of(task.optimizer))
        self.layers = Layers(task, asked.axes.get("layout", "NCHW"), builder.graphBuilder())
        self.graph = ComputationGraph(self.layers.configuration())
        self.graph.init()
        if task.optimizer:
            start_of_updater(self.graph, task.optimizer)

    def prepare(self, batch):
        inputs = [to_java(array) for array in self.layers.input_arrays(batch)]
        labels = [to_java(self.layers.one_hot(batch["target"]))] if self.task.optimizer else []
        return Prepared(inputs, labels)

    def train_step(self, prepared):
        self.graph.fit(prepared.inputs, prepared.labels)

    def predict(self, prepared):
        if self.task.output_activation == "softmax":
            made = self.graph.outputSingle(prepared.inputs)
        else:
            made = self.graph.feedForward(prepared.inputs, False).get(self.layers.logits)
        outputs = to_numpy(made)
        if self.layers.makes_images:
            return outputs.transpose(0, 2, 3, 1)
        return outputs.reshape((-1,) + self.task.output_shape)

    def loss(self):
        return float(self.graph.score()) * self.layers.score_scale

    def weight(self, name):
        """Return the array that Deeplearning4j keeps the weight in."""
        layer, role = name.rsplit("/", 1)
        return self.graph.getLayer(layer).getParam(PLACES[role])

    def get_weight(self, name):
        return self.layers.back(name, to_numpy(self.weight(name)))

    def set_weight(self, name, array):
        weight, given = self.weight(name), to_java(self.layers.there(name, array))
        weight.assign(given.reshape(weight.shape()))
        given.close()

    def settings(self):
        return active(self.task, self.layers, self.graph)
