"""A network of layers: forward in their order, backward against it."""
from __future__ import absolute_import

import adapter_layers


class Network(object):
    """The layers of a task with their weights and, after ``backward``, their gradients."""

    def __init__(self, task, dtype, seed):
        self._output = task.output
        inputs = set(one.name for one in task.inputs)
        self._steps = []
        self._weights = {}
        for index, facts in enumerate(task.layers):
            layer = adapter_layers.make_layer(facts, dtype, seed + index)
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
