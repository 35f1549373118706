"""What an adapter is handed: the task and its settings, with attributes instead of JSON.

Shapes are tuples without the batch.  Images are height, width, channels.
"""
from __future__ import absolute_import

#: Kinds of layer that keep a vector's elements in their places.
_ELEMENTWISE = ("activation", "dropout", "flatten")

#: Kinds of layer that take an image in the variant's layout.
_SPATIAL = frozenset(("convolution", "max_pool", "average_pool", "flatten"))


class Settings(object):
    """What an adapter is made with: ``axes`` (name -> value), ``seed``, ``threads``, ``device``."""

    def __init__(self, facts):
        self.axes = facts["axes"]
        self.seed = facts["seed"]
        self.threads = facts["threads"]
        self.device = facts["device"]


class Weight(object):
    """One trained array: ``<layer>/<role>``, canonical shape, initializer.

    ``flattened_from`` is its layer's for a kernel, else None.
    """

    def __init__(self, facts):
        self.name = facts["name"]
        self.shape = tuple(facts["shape"])
        self.initializer = facts["initializer"]
        self.flattened_from = None

    @property
    def role(self):
        """The last part of the name: ``kernel``, ``bias``, ``recurrent_kernel``..."""
        return self.name.rsplit("/", 1)[-1]


class Layer(object):
    """One layer; ``layers`` is the inner chain of a ``time_distributed`` one.

    ``flattened_from`` is, for a dense layer whose input was flattened from an image, that image's
    (height, width, channels), else None: ``weights.rows_to_channels_first`` takes it.
    """

    def __init__(self, facts):
        self.kind = facts["kind"]
        self.name = facts["name"]
        self.inputs = tuple(facts["inputs"])
        self.parameters = facts["parameters"]
        self.input_shapes = tuple(tuple(shape) for shape in facts["input_shapes"])
        self.output_shape = tuple(facts["output_shape"])
        self.weights = tuple(Weight(weight) for weight in facts.get("weights", ()))
        self.layers = tuple(Layer(layer) for layer in facts.get("layers", ()))
        self.flattened_from = None


class _Fields(object):
    def __init__(self, facts):
        self.__dict__.update(facts)


class Input(object):
    """A named input: ``name``, ``shape``, ``dtype``, ``vocabulary`` (0 for real ones).

    ``is_image`` says that only layers which take images read it, so that an adapter may prepare it
    in another layout than height, width, channels.
    """

    def __init__(self, facts):
        self.name = facts["name"]
        self.shape = tuple(facts["shape"])
        self.dtype = facts["dtype"]
        self.vocabulary = facts.get("vocabulary", 0)
        self.is_image = False


class Target(object):
    """Class labels, int32: ``classes``, and their ``shape`` per item (empty: one label)."""

    def __init__(self, facts):
        self.classes = facts["classes"]
        self.shape = tuple(facts.get("shape", ()))


class Loss(_Fields):
    """``kind`` and ``reduction`` (``mean`` over all labels, or ``sum``)."""


class Optimizer(_Fields):
    """``kind`` and ``parameters``; docs/protocol.md defines each."""


class Precision(_Fields):
    """``storage``, ``compute``, ``accumulation`` and ``loss_scaling``."""


class Task(object):
    """What an adapter builds; ``output`` names the layer that makes the logits."""

    def __init__(self, facts):
        self.inputs = tuple(Input(one) for one in facts["inputs"])
        self.layers = tuple(Layer(layer) for layer in facts["layers"])
        self.output = facts["output"]
        self.output_activation = facts["output_activation"]
        self.output_shape = tuple(facts["output_shape"])
        self.target = Target(facts["target"])
        self.loss = Loss(facts["loss"])
        self.optimizer = Optimizer(facts["optimizer"]) if facts["optimizer"] else None
        self.batch_size = facts["batch_size"]
        self.precision = Precision(facts["precision"])
        _trace_flattening(self.layers, {})
        for one in self.inputs:
            readers = set(layer.kind for layer in self.layers if one.name in layer.inputs)
            one.is_image = len(one.shape) == 3 and bool(readers) and readers <= _SPATIAL

    def weights(self):
        """Return every weight in the order of the layers, each once."""
        found = []
        _collect(self.layers, found, set())
        return found


def _collect(layers, found, seen):
    for layer in layers:
        for weight in layer.weights:
            if weight.name not in seen:
                seen.add(weight.name)
                found.append(weight)
        _collect(layer.layers, found, seen)


def _trace_flattening(layers, images):
    """Set ``flattened_from`` where a vector's elements come from an image, unmoved."""
    for layer in layers:
        first = images.get(layer.inputs[0]) if layer.inputs else None
        if layer.kind == "flatten" and len(layer.input_shapes[0]) == 3:
            images[layer.name] = layer.input_shapes[0]
        elif layer.kind == "dense":
            layer.flattened_from = first
            for weight in layer.weights:
                weight.flattened_from = first if weight.role == "kernel" else None
        elif first is not None and layer.kind in _ELEMENTWISE:
            images[layer.name] = first
        elif layer.kind == "add":
            shapes = set(images.get(name) for name in layer.inputs)
            if len(shapes) == 1 and None not in shapes:
                images[layer.name] = shapes.pop()
        _trace_flattening(layer.layers, {})
