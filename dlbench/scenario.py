"""Scenarios: a workload as data, read from one YAML file.

A scenario names its data, its network as a list of layers, its loss, its optimizer and its plans.
An adapter translates each kind of layer, so one file is enough for every framework.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

#: Version of the scenario file format.  1: first.
FORMAT = 1

Value: TypeAlias = str | int | float | bool


class Layer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One layer of a network, defaults spelled out.

    ``inputs`` names layers or network inputs.  ``layers`` is the inner chain of a
    ``time_distributed`` layer (applied to every step of axis 1 with shared weights), else empty.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    parameters: dict[str, Any] = {}
    layers: tuple[Layer, ...] = ()


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One named input; ``shape`` is without the batch, images are height, width, channels."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    #: The stored array is converted to ``dtype`` and divided by this.
    divide_by: float = 1.0
    #: For integer inputs, the number of different values; 0 for real ones.
    vocabulary: int = 0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the network learns: integer class labels of ``shape`` per item (empty: one label)."""

    classes: int
    shape: tuple[int, ...] = ()


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """Where items come from: a dataset by name, or ``synthetic`` with so many random items."""

    dataset: str
    #: What one item is called in ``items per second``.
    item: str
    inputs: tuple[Input, ...]
    target: Target
    #: Only for ``synthetic``: how many items are made.
    items: int = 0
    options: dict[str, Any] = {}


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """``cross_entropy`` between the network's softmax and the labels; ``mean`` or ``sum``."""

    kind: str
    reduction: str = "mean"


class Optimizer(msgspec.Struct, frozen=True, kw_only=True):
    """An optimizer and all its parameters; docs/protocol.md defines each kind."""

    kind: str
    parameters: dict[str, float] = {}


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """How many trials: at most ``at_most``, fewer after ``seconds``, never under ``at_least``.

    An exact number has ``at_least == at_most`` and no ``seconds``.
    """

    at_most: int
    at_least: int = 1
    seconds: float | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measures: epochs, warm-up, stepwise block, pipelined block, predict."""

    warmup: Trials
    stepwise: Trials
    pipelined: Trials
    #: Passes over the test set that are timed; 0 for none.
    predict: Trials
    epochs: int = 0
    #: Cut an epoch after so many steps; ``None`` is the whole epoch.
    steps_per_epoch: int | None = None
    rounds: int = 1
    #: The whole run is ended by the host after this.
    timeout_seconds: float = 3600.0


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's own axis, written ``$name`` where it is used in the file."""

    name: str
    default: Value
    values: tuple[Value, ...]
    summary: str = ""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A workload as its file states it, with this choice of parameter values filled in."""

    name: str
    summary: str
    source: str
    data: Data
    network: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer | None
    batch_size: int
    plans: dict[str, Plan]
    #: The figure that tables show first: ``step``, ``epoch`` or ``predict``.
    metric: str
    parameters: tuple[Parameter, ...] = ()
    #: The values filled in, a value for each parameter.
    values: dict[str, Value] = {}
    #: Quality known from elsewhere: measure -> value or [low, high].
    known: dict[str, Any] = {}
    #: How parity runs this scenario (batch size, initializer).
    parity: dict[str, Any] = {}
    #: Digest of the meaning: data, network, loss, optimizer, parameters as the file states them.
    digest: str = ""
