"""A task's layers as a chain of Deeplearning4j 0.4, whose layers have their activation and dropout."""
from __future__ import absolute_import

import jpype
from java.lang import Integer
from org.deeplearning4j.nn.conf.layers import (
    ConvolutionLayer, DenseLayer, OutputLayer, SubsamplingLayer)
from org.deeplearning4j.nn.conf.preprocessor import CnnToFeedForwardPreProcessor
from org.nd4j.linalg.lossfunctions import LossFunctions

from dlbench_worker import Unsupported, weights
from dlbench_worker.translation import Translation, padding

#: Functions under another name.
FUNCTIONS = {"hard_sigmoid": "hardsigmoid"}

#: What later versions have for a kind of layer; here there is none, and Java says so.
LATER = {
    "embedding": "layers.EmbeddingLayer", "lstm": "layers.LSTM", "add": "graph.ElementWiseVertex",
    "time_distributed": "graph.ReshapeVertex", "repeat": "layers.misc.RepeatVector",
    "permute": "preprocessor.PermutePreprocessor", "reshape": "graph.ReshapeVertex",
    "NHWC": "CNN2DFormat",
}


class Chain(Translation):
    """Collects layers; a value is None, for a chain needs no names."""

    def __init__(self, task, layout):
        Translation.__init__(self, task)
        if layout != "NCHW":
            need(layout)
        self.made = []
        #: Layer's name -> its place in the chain.
        self.places = {}
        self.flattened = {}
        self.kept = 1.0
        self.has_images = False

    def configuration(self, builder):
        """Return the chain's configuration."""
        self.walk(dict((one.name, None) for one in self.task.inputs))
        chain = builder.list(len(self.made))
        for place, layer in enumerate(self.made):
            chain.layer(place, layer.build())
        for place, (height, width, channels) in self.flattened.items():
            chain.inputPreProcessor(Integer(place), CnnToFeedForwardPreProcessor(height, width, channels))
        return chain.backprop(True).pretrain(False).build()

    def make(self, layer, arguments):
        if layer.kind in LATER:
            need(layer.kind)
        return Translation.make(self, layer, arguments)

    def append(self, layer, made):
        """Add a layer's builder, with the dropout of what it is given."""
        if self.kept < 1.0:
            made.dropOut(self.kept)
            self.kept = 1.0
        self.places[layer.name] = len(self.made)
        self.made.append(made)

    def there(self, name, array):
        array = Translation.there(self, name, array)
        return weights.hwio_to_oihw(array) if array.ndim == 4 else array

    def back(self, name, array):
        if array.ndim == 4:
            array = weights.oihw_to_hwio(array)
        elif name.endswith("/bias"):
            array = array.reshape(-1)
        return Translation.back(self, name, array)

    def convolution(self, layer, value):
        given = layer.parameters
        made = ConvolutionLayer.Builder(*given["kernel"]).activation("identity")
        self.append(layer, windowed(biased(layer, made), layer).nIn(
            layer.input_shapes[0][-1]).nOut(given["filters"]))
        self.has_images = True

    def max_pool(self, layer, value):
        self.pooled(layer, SubsamplingLayer.PoolingType.MAX)

    def average_pool(self, layer, value):
        self.pooled(layer, SubsamplingLayer.PoolingType.AVG)

    def pooled(self, layer, kind):
        made = SubsamplingLayer.Builder(kind).kernelSize(*layer.parameters["size"])
        self.append(layer, windowed(made, layer))
        self.has_images = True

    def flatten(self, layer, value):
        if len(layer.input_shapes[0]) == 3:
            self.flattened[len(self.made)] = layer.input_shapes[0]

    def dense(self, layer, value):
        made = DenseLayer.Builder().activation("identity")
        if layer.name == self.task.output:
            made = OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).activation("softmax")
        made.nIn(layer.input_shapes[0][0]).nOut(layer.parameters["units"])
        self.append(layer, biased(layer, made))

    def activation(self, layer, value):
        function = layer.parameters["function"]
        if layer.inputs[0] not in self.places:
            raise Unsupported("Deeplearning4j 0.4-rc3.8 has activations in its layers alone")
        self.made[-1].activation(FUNCTIONS.get(function, function))

    def dropout(self, layer, value):
        self.kept *= 1.0 - layer.parameters["rate"]


def need(name):
    """Fail as Java does for want of a class."""
    jpype.JClass("org.deeplearning4j.nn.conf." + LATER[name])


def biased(layer, made):
    if not layer.parameters["bias"]:
        raise Unsupported("Deeplearning4j 0.4-rc3.8 has no layers without a bias")
    return made


def windowed(made, layer):
    """Return the builder of a layer of images with stride and padding."""
    pads = padding(layer)
    if any(before != after for before, after in pads):
        raise Unsupported("Deeplearning4j 0.4-rc3.8 pads both sides alike")
    return made.stride(*layer.parameters["strides"]).padding(*[before for before, _ in pads])
