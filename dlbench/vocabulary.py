"""The words that a scenario's network, loss and optimizer are written in, as tables.

Each kind of layer has its parameters with their defaults, and one main parameter that may be given
alone: ``dense: 128`` is ``dense: {units: 128}``.  Layers take images as height, width, channels;
paddings are ``valid`` (none) and ``same`` (as much as makes output = input / stride, the odd one at
the end); axes are counted from the batch, which is axis 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from dlbench.document import (
    Field,
    Fields,
    choice,
    flag,
    number,
    pair,
    positive,
    share,
    sizes,
    whole,
)

#: Each is a word of its own, and the function of an ``activation`` layer.  Softmax is over the
#: last axis; hard_sigmoid is clip(0.2 x + 0.5, 0, 1).
ACTIVATIONS = ("relu", "tanh", "sigmoid", "hard_sigmoid", "softmax")

#: How a kernel starts.  Biases start at zero, an LSTM's forget gate at one.
INITIALIZERS = ("glorot_uniform", "he_normal")

_PADDING = choice("valid", "same")
_INITIALIZER = Field(choice(*INITIALIZERS), "glorot_uniform")
_POOL = {
    "size": Field(pair),
    "strides": Field(pair, like="size"),
    "padding": Field(_PADDING, "valid"),
}


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of layer, loss or optimizer: its parameters, and the one that may stand alone."""

    parameters: Fields = field(default_factory=dict)
    main: str = ""


LAYERS: Mapping[str, Kind] = {
    "convolution": Kind(
        parameters={
            "filters": Field(whole),
            "kernel": Field(pair),
            "strides": Field(pair, [1, 1]),
            "padding": Field(_PADDING, "valid"),
            "bias": Field(flag, True),
            "initializer": _INITIALIZER,
        },
    ),
    "max_pool": Kind(parameters=_POOL, main="size"),
    "average_pool": Kind(parameters=_POOL, main="size"),
    "dense": Kind(
        parameters={
            "units": Field(whole),
            "bias": Field(flag, True),
            "initializer": _INITIALIZER,
        },
        main="units",
    ),
    "activation": Kind(parameters={"function": Field(choice(*ACTIVATIONS))}, main="function"),
    "dropout": Kind(parameters={"rate": Field(share)}, main="rate"),
    "flatten": Kind(),
    "permute": Kind(parameters={"order": Field(sizes)}, main="order"),
    "reshape": Kind(parameters={"shape": Field(sizes)}, main="shape"),
    "embedding": Kind(parameters={"vocabulary": Field(whole), "units": Field(whole)}),
    "lstm": Kind(
        parameters={
            "units": Field(whole),
            "return_sequences": Field(flag, False),
            "gate_activation": Field(choice("sigmoid", "hard_sigmoid"), "sigmoid"),
        },
        main="units",
    ),
    "time_distributed": Kind(main="layers"),
    "repeat": Kind(parameters={"times": Field(whole)}, main="times"),
    "add": Kind(main="inputs"),
}


def _copies(value: object) -> int:
    """Check for how often a block may be repeated."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("a whole number from 1 to 1000")
    return value


#: A block of layers that is written once and expanded ``count`` times.
TIMES = Kind(parameters={"count": Field(_copies)})

_EPSILON = Field(number, 1e-8)
_DECAY = Field(number, 0.0)


def _on(value: object) -> float:
    """Check for a switch that travels as a number, 0 or 1."""
    if value not in (0, 1):
        raise ValueError("true or false")
    return float(bool(value))


OPTIMIZERS: Mapping[str, Kind] = {
    "sgd": Kind(
        parameters={
            "learning_rate": Field(positive),
            "momentum": Field(share, 0.0),
            "nesterov": Field(_on, 0.0),
            "decay": _DECAY,
        },
        main="learning_rate",
    ),
    "rmsprop": Kind(
        parameters={
            "learning_rate": Field(positive),
            "rho": Field(share, 0.9),
            "epsilon": _EPSILON,
            "decay": _DECAY,
        },
        main="learning_rate",
    ),
    "adadelta": Kind(
        parameters={
            "learning_rate": Field(positive),
            "rho": Field(share),
            "epsilon": _EPSILON,
            "decay": _DECAY,
        },
        main="learning_rate",
    ),
    "adagrad": Kind(
        parameters={
            "learning_rate": Field(positive),
            "accumulator": Field(number, 0.0),
            "epsilon": _EPSILON,
            "decay": _DECAY,
        },
        main="learning_rate",
    ),
    "adam": Kind(
        parameters={
            "learning_rate": Field(positive),
            "beta_1": Field(share, 0.9),
            "beta_2": Field(share, 0.999),
            "epsilon": _EPSILON,
            "decay": _DECAY,
        },
        main="learning_rate",
    ),
}

LOSSES: Mapping[str, Kind] = {
    "cross_entropy": Kind(parameters={"reduction": Field(choice("mean", "sum"), "mean")}),
}
