"""A task's layers as Keras layers, called one after another on Keras' own tensors."""
from __future__ import absolute_import, division, print_function

import importlib

import keras
import numpy as np
from keras.layers import (
    Activation, Dropout, Embedding, Flatten, Input, Permute, RepeatVector, Reshape, TimeDistributed)
from keras.models import Model

from dlbench_worker import weights
from dlbench_worker.translation import Translation, padding

dialect = importlib.import_module("adapter_dialect" + keras.__version__[0])


class Network(Translation):
    """``model`` is the whole network with its softmax.

    ``variables`` maps a weight's canonical name to the backend's variables for it: one, or one for
    each gate of an LSTM.  ``places`` is the shape that the model's output has before its classes.
    """

    def __init__(self, task, channels_first, backend):
        Translation.__init__(self, task, channels_first)
        self.backend = backend
        self.variables = {}
        self.kernels = set()
        self.kernels_first = channels_first and (
            dialect.TURNS_CHANNELS or backend.TURNS_CHANNELS)
        inputs = [Input(shape=self.input_shape(one), dtype=one.dtype) for one in task.inputs]
        outputs = self.network(dict(zip([one.name for one in task.inputs], inputs)))
        # Keras has a softmax and a loss for one axis before the classes, not for two.
        self.places = (int(np.prod(task.output_shape[:-1])),) if task.output_shape[1:] else ()
        if len(task.output_shape) > 2:
            outputs = self.reshaped(outputs, self.places + task.output_shape[-1:])
        if task.output_activation == "softmax":
            outputs = Activation("softmax")(outputs)
        self.model = Model(inputs, outputs)

    def there(self, name, array):
        """Return the arrays of the variables of a weight, whose canonical array is ``array``."""
        array = Translation.there(self, name, array)
        if name in self.kernels:
            turned = array[::-1, ::-1] if self.backend.TURNS_KERNELS else array
            return [weights.hwio_to_oihw(turned) if self.kernels_first else turned]
        return np.split(array, len(self.variables[name]), axis=-1)

    def back(self, name, arrays):
        """Return the canonical array of a weight out of those of its variables."""
        if name in self.kernels:
            kernel = weights.oihw_to_hwio(arrays[0]) if self.kernels_first else arrays[0]
            arrays = [kernel[::-1, ::-1] if self.backend.TURNS_KERNELS else kernel]
        return Translation.back(self, name, np.concatenate(arrays, axis=-1))

    def call(self, layer, made, value):
        """Return what the Keras layer ``made`` gives, and remember its weights as ``layer``'s."""
        result = made(value)
        for weight in layer.weights:
            names = dialect.attributes(layer.kind, weight.role)
            # Later versions of Keras 2 keep an LSTM's weights in its cell.
            holder = getattr(made, "cell", made)
            self.variables[weight.name] = [getattr(holder, name) for name in names]
            if layer.kind == "convolution" and weight.role == "kernel":
                self.kernels.add(weight.name)
        return result

    def reshaped(self, value, shape):
        return Reshape(tuple(shape))(value)

    def transposed(self, value, axes):
        return Permute(tuple(axis + 1 for axis in axes))(value)

    def flatten(self, layer, value):
        return Flatten()(value)

    def convolution(self, layer, value):
        given, sides = layer.parameters, padding(layer)
        half = tuple((extent // 2, extent // 2) for extent in given["kernel"])
        if self.backend.PADS_BY_HALF and given["padding"] == "same" and sides != half:
            value = dialect.zero_padding(sides, self.channels_first)(value)
            given = dict(given, padding="valid")
        return self.call(layer, dialect.convolution(given, self.channels_first), value)

    def max_pool(self, layer, value):
        return dialect.max_pool(layer.parameters, self.channels_first)(value)

    def average_pool(self, layer, value):
        return dialect.average_pool(layer.parameters, self.channels_first)(value)

    def dense(self, layer, value):
        return self.call(layer, dialect.dense(layer.parameters), value)

    def activation(self, layer, value):
        return Activation(layer.parameters["function"])(value)

    def dropout(self, layer, value):
        rate = layer.parameters["rate"]
        return Dropout(rate)(value) if rate else value

    def embedding(self, layer, value):
        given = layer.parameters
        return self.call(layer, Embedding(given["vocabulary"], given["units"]), value)

    def repeat(self, layer, value):
        return RepeatVector(layer.parameters["times"])(value)

    def add(self, layer, *values):
        return dialect.add(list(values))

    def time_distributed(self, layer, value):
        one = Input(shape=layer.layers[0].input_shapes[0])
        return TimeDistributed(Model(one, self.inner(layer, one)))(value)

    def lstm(self, layer, value):
        made = dialect.lstm(layer.parameters, **self.backend.LSTM)
        return self.call(layer, made, value)
