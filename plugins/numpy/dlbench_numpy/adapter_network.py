"""A network of layers: forward in their order, backward against it."""
from __future__ import absolute_import

import adapter_layers
from adapter_images import AveragePool, Convolution, MaxPool
from adapter_recurrent import Lstm


class TimeDistributed(adapter_layers.Layer):
    """Applies a chain of layers to every step of axis 1, with shared weights."""

    def __init__(self, facts, dtype, seed):
        adapter_layers.Layer.__init__(self, facts, dtype, seed)
        self._chain = [
            make_layer(inner, dtype, seed + 1000 * (index + 1))
            for index, inner in enumerate(facts.layers)
        ]

    def named_weights(self):
        return [one for layer in self._chain for one in layer.named_weights()]

    def forward(self, inputs, training):
        self._lead = inputs[0].shape[:2]
        value = inputs[0].reshape((-1,) + inputs[0].shape[2:])
        for layer in self._chain:
            value = layer.forward([value], training)
        return value.reshape(self._lead + value.shape[1:])

    def backward(self, gradient):
        gradient = gradient.reshape((-1,) + gradient.shape[2:])
        for layer in reversed(self._chain):
            gradient = layer.backward(gradient)[0]
        return [None if gradient is None else gradient.reshape(self._lead + gradient.shape[1:])]


class Network(object):
    """The layers of a task with their weights and, after ``backward``, their gradients."""

    def __init__(self, task, dtype, seed):
        self._output = task.output
        inputs = set(one.name for one in task.inputs)
        self._steps = []
        self._weights = {}
        for index, facts in enumerate(task.layers):
            layer = make_layer(facts, dtype, seed + index)
            layer.input_is_data = inputs.issuperset(facts.inputs)
            self._steps.append((facts.name, facts.inputs, layer))
            for name, owner, role in layer.named_weights():
                self._weights[name] = (owner, role)

    def weight_names(self):
        """Return the canonical names of all weights."""
        return list(self._weights)

    def weight(self, name):
        """Return the array of a weight itself, not a copy."""
        owner, role = self._weights[name]
        return owner.weights[role]

    def weights(self):
        """Return the arrays of all weights themselves."""
        return [owner.weights[role] for owner, role in self._weights.values()]

    def layouts(self):
        """Return the memory layouts of what convolutions read; none before the first pass."""
        read = [layer.read for _, _, layer in self._steps if getattr(layer, "read", None) is not None]
        return sorted(set("NHWC" if array.flags.c_contiguous else "NCHW" for array in read))

    def weights_and_gradients(self):
        """Return (name, array, gradient) of every weight; the arrays may be updated in place."""
        return [
            (name, owner.weights[role], owner.gradients[role])
            for name, (owner, role) in self._weights.items()
        ]

    def forward(self, inputs, training):
        """Return the output for a batch of named inputs."""
        values = dict(inputs)
        for name, sources, layer in self._steps:
            values[name] = layer.forward([values[source] for source in sources], training)
        return values[self._output]

    def backward(self, gradient):
        """Compute every weight's gradient from the gradient of the output."""
        gradients = {self._output: gradient}
        for name, sources, layer in reversed(self._steps):
            own = gradients.pop(name, None)
            if own is None:
                raise ValueError("layer %s does not lead to the output" % name)
            for source, part in zip(sources, layer.backward(own)):
                if part is not None:
                    before = gradients.get(source)
                    gradients[source] = part if before is None else before + part


KINDS = {
    "activation": adapter_layers.Activation,
    "add": adapter_layers.Add,
    "average_pool": AveragePool,
    "convolution": Convolution,
    "dense": adapter_layers.Dense,
    "dropout": adapter_layers.Dropout,
    "embedding": adapter_layers.Embedding,
    "flatten": adapter_layers.Reshape,
    "lstm": Lstm,
    "max_pool": MaxPool,
    "permute": adapter_layers.Permute,
    "repeat": adapter_layers.Repeat,
    "reshape": adapter_layers.Reshape,
    "time_distributed": TimeDistributed,
}


def make_layer(facts, dtype, seed):
    """Return the layer that ``facts`` describes."""
    return KINDS[facts.kind](facts, dtype, seed)
