"""A task's layers as vertices of a Deeplearning4j graph; a value is the name of a vertex.

Images are channels first or last, as the layout says; sequences are steps x features.  An activation
right after a convolution or a dense layer is a part of that one, as Deeplearning4j's users write it.
"""
from __future__ import absolute_import

import numpy as np
from org.deeplearning4j.nn.conf import CNN2DFormat, ConvolutionMode, RNNFormat
from org.deeplearning4j.nn.conf.graph import ElementWiseVertex, PreprocessorVertex, ReshapeVertex
from org.deeplearning4j.nn.conf.layers import (
    LSTM, ActivationLayer, CnnLossLayer, ConvolutionLayer, DenseLayer, DropoutLayer, EmbeddingLayer,
    EmbeddingSequenceLayer, LossLayer, OutputLayer, PoolingType, SubsamplingLayer)
from org.deeplearning4j.nn.conf.layers.misc import RepeatVector
from org.deeplearning4j.nn.conf.layers.recurrent import LastTimeStep
from org.nd4j.linalg.activations import Activation
from org.nd4j.linalg.lossfunctions.impl import LossMCXENT

from adapter_axes import turning
from adapter_arrays import to_java
from dlbench_worker import weights
from dlbench_worker.translation import Translation

#: The vertex of the loss, where it is none of the task's layers.
LOSS = "loss of the network"

#: Deeplearning4j's name of each weight of a layer.
PLACES = {"kernel": "W", "embeddings": "W", "recurrent_kernel": "RW", "bias": "b"}

#: The order of an LSTM's gates.
GATES, CANONICAL_GATES = "cfoi", "ifco"

FUNCTIONS = {
    "relu": Activation.RELU, "tanh": Activation.TANH, "sigmoid": Activation.SIGMOID,
    "hard_sigmoid": Activation.HARDSIGMOID, "softmax": Activation.SOFTMAX}

PADDINGS = {"same": ConvolutionMode.Same, "valid": ConvolutionMode.Truncate}


class Layers(Translation):
    """Adds the task's vertices to a graph's builder, and translates weights and labels."""

    def __init__(self, task, layout, builder):
        Translation.__init__(self, task, layout == "NCHW")
        self.format = CNN2DFormat.NCHW if self.channels_first else CNN2DFormat.NHWC
        self.builder = builder
        self.lstms = set(layer.name for layer in every(task.layers) if layer.kind == "lstm")
        #: Activations that another layer has within it.
        self.done = set()
        self.moved = 0
        #: What Deeplearning4j's score is to be multiplied by.
        self.score_scale = 1
        self.readers = {}
        for layer in every(task.layers):
            for name in layer.inputs:
                self.readers.setdefault(name, []).append(layer)

    def configuration(self):
        """Return the graph's configuration; its last vertex has the loss."""
        names = [one.name for one in self.task.inputs]
        self.builder.addInputs(*names)
        last = self.walk(dict((name, name) for name in names))
        #: Whether what the network makes are images, channels first.
        self.makes_images = self.images[last.name] is not None and len(last.output_shape) == 3
        self.logits = self.values[last.name] if self.makes_images else self.canonical(
            last.name, last.output_shape)
        ends = self.logits
        if not self.ends(last):
            ends = self.layer(LOSS, *self.loss(last))
        self.builder.setOutputs(ends)
        return self.builder.validateOutputLayerConfig(False).build()

    def ends(self, layer):
        """Whether the layer is dense and has the loss as its own, as Deeplearning4j's last one."""
        if layer.name != self.task.output or self.task.output_activation != "softmax":
            return False
        return layer.kind == "dense" and len(layer.output_shape) == 1

    def loss(self, last):
        """Return a layer without weights, for the loss, and the name of what it is given.

        Deeplearning4j's own layer for labels of pixels finds the score of NHWC images as if they
        were NCHW.
        """
        labels, given = int(np.prod(self.task.target.shape)), self.logits
        summed = self.task.loss.reduction == "sum"
        if self.makes_images:
            # It divides by items, not by labels, and the score even of a sum.
            self.score_scale = self.task.batch_size if summed else 1
            made = CnnLossLayer.Builder(criterion(last, 1 if summed else labels))
            return made.format(self.format).activation(Activation.SOFTMAX), given
        self.score_scale = self.task.batch_size * labels if summed else 1
        if len(last.output_shape) > 1:
            given = self.reshaped(given, last.output_shape[-1:])
        return LossLayer.Builder(LossMCXENT()).activation(Activation.SOFTMAX), given

    def one_hot(self, target):
        """Return labels as the loss takes them."""
        classes = self.task.target.classes
        labels = np.zeros(target.shape + (classes,), np.float32)
        np.put_along_axis(labels, target[..., None].astype(np.intp), 1, -1)
        return np.moveaxis(labels, -1, 1) if self.makes_images else labels.reshape(-1, classes)

    def there(self, name, array):
        """Return a weight as Deeplearning4j has it, but for a row of a matrix."""
        array = Translation.there(self, name, array)
        if name.rsplit("/", 1)[0] in self.lstms:
            array = weights.reorder_gates(array, CANONICAL_GATES, GATES)
        return weights.hwio_to_oihw(array) if array.ndim == 4 else array

    def back(self, name, array):
        if array.ndim == 4:
            array = weights.oihw_to_hwio(array)
        elif name.endswith("/bias"):
            array = array.reshape(-1)
        if name.rsplit("/", 1)[0] in self.lstms:
            array = weights.reorder_gates(array, GATES, CANONICAL_GATES)
        return Translation.back(self, name, array)

    def layer(self, name, made, *values):
        self.builder.addLayer(name, made.build() if hasattr(made, "build") else made, *values)
        return name

    def vertex(self, name, made, *values):
        self.builder.addVertex(name, made, *values)
        return name

    def move(self, made, value):
        """Return the value with its elements in other places, or another shape."""
        self.moved += 1
        return self.vertex("%s, moved %d" % (value, self.moved), made, value)

    def reshaped(self, value, shape):
        return self.move(ReshapeVertex("c", [-1] + list(shape), None), value)

    def transposed(self, value, axes):
        return self.move(PreprocessorVertex(turning([0] + [axis + 1 for axis in axes])), value)

    def activated(self, layer, made):
        """Return a layer's builder that has the activation which alone reads it as its own."""
        readers = self.readers.get(layer.name, ())
        function = Activation.IDENTITY
        if len(readers) == 1 and readers[0].kind == "activation" and layer.name != self.task.output:
            wanted = readers[0].parameters["function"]
            if wanted != "softmax":
                function = FUNCTIONS[wanted]
                self.done.add(readers[0].name)
        return made.activation(function)

    def convolution(self, layer, value):
        given = layer.parameters
        made = self.windowed(ConvolutionLayer.Builder(*given["kernel"]), layer)
        made.nIn(layer.input_shapes[0][-1]).nOut(given["filters"]).hasBias(given["bias"])
        return self.layer(layer.name, self.activated(layer, made), value)

    def windowed(self, made, layer):
        given = layer.parameters
        made.stride(*given["strides"]).convolutionMode(PADDINGS[given["padding"]])
        return made.dataFormat(self.format)

    def pooled(self, layer, value, kind):
        made = SubsamplingLayer.Builder(kind).kernelSize(*layer.parameters["size"])
        return self.layer(layer.name, self.windowed(made, layer), value)

    def max_pool(self, layer, value):
        return self.pooled(layer, value, PoolingType.MAX)

    def average_pool(self, layer, value):
        return self.pooled(layer, value, PoolingType.AVG)

    def dense(self, layer, value):
        given, shape = layer.parameters, layer.input_shapes[0]
        if len(shape) > 1:
            value = self.reshaped(value, shape[-1:])
        if self.ends(layer):
            made = OutputLayer.Builder(LossMCXENT()).activation(Activation.SOFTMAX)
        else:
            made = self.activated(layer, DenseLayer.Builder())
        made.nIn(shape[-1]).nOut(given["units"]).hasBias(given["bias"])
        value = self.layer(layer.name, made, value)
        return self.reshaped(value, layer.output_shape) if len(shape) > 1 else value

    def activation(self, layer, value):
        function, shape = layer.parameters["function"], layer.output_shape
        if layer.name in self.done:
            return value
        spread = function == "softmax" and len(shape) > 1
        if spread:
            value = self.reshaped(value, shape[-1:])
        value = self.layer(
            layer.name, ActivationLayer.Builder().activation(FUNCTIONS[function]), value)
        return self.reshaped(value, shape) if spread else value

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        # It asks for the probability to keep a value.
        return self.layer(layer.name, DropoutLayer.Builder(1.0 - rate), value) if rate else value

    def embedding(self, layer, value):
        given = layer.parameters
        made = EmbeddingLayer.Builder()
        if layer.input_shapes[0]:
            made = EmbeddingSequenceLayer.Builder().outputDataFormat(RNNFormat.NWC)
            made.inputLength(layer.input_shapes[0][0])
        made.nIn(given["vocabulary"]).nOut(given["units"]).hasBias(False)
        return self.layer(layer.name, made.activation(Activation.IDENTITY), value)

    def repeat(self, layer, value):
        made = RepeatVector.Builder(layer.parameters["times"]).dataFormat(RNNFormat.NWC)
        return self.layer(layer.name, made, value)

    def add(self, layer, *values):
        return self.vertex(layer.name, ElementWiseVertex(ElementWiseVertex.Op.Add), *values)

    def time_distributed(self, layer, value):
        rows = self.reshaped(value, layer.layers[0].input_shapes[0])
        return self.reshaped(self.inner(layer, rows), layer.output_shape)

    def lstm(self, layer, value):
        given = layer.parameters
        made = LSTM.Builder().dataFormat(RNNFormat.NWC).activation(Activation.TANH)
        made.gateActivationFunction(FUNCTIONS[given["gate_activation"]])
        made = made.nIn(layer.input_shapes[0][1]).nOut(given["units"]).build()
        return self.layer(layer.name, made if given["return_sequences"] else LastTimeStep(made), value)


def criterion(last, divisor):
    """Return the cross-entropy of images of logits, divided by ``divisor``."""
    if divisor == 1:
        return LossMCXENT()
    return LossMCXENT(to_java(np.full((1, last.output_shape[-1]), 1 / divisor, np.float32)))


def every(layers):
    """Yield the layers, and those inside them."""
    for layer in layers:
        yield layer
        for inner in every(layer.layers):
            yield inner
