"""A scenario's network with every shape resolved: weights, parameter count, work, and the task.

``work`` says how work is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from dlbench.errors import ScenarioError, UnknownNameError, nearest
from dlbench.geometry import RULES, MisfitError, Shape, show
from dlbench.job import (
    Precision,
    Task,
    TaskInput,
    TaskLayer,
    TaskLoss,
    TaskOptimizer,
    TaskTarget,
    Weight,
)
from dlbench.scenario import Layer, Scenario
from dlbench.work import count_forward, count_training, count_weights

#: Half-width formats are mixed precision: weights and sums stay single.
PRECISIONS: Mapping[str, Precision] = {
    "float32": Precision(),
    "float64": Precision(storage="float64", compute="float64", accumulation="float64"),
    "tf32": Precision(compute="tf32"),
    "bfloat16": Precision(compute="bfloat16"),
    "float16": Precision(compute="float16", loss_scaling=65536.0),
}


class LayerFacts(Struct, frozen=True, kw_only=True):
    """One layer of a network: its resolved form, and what it holds and costs for one item."""

    layer: TaskLayer
    parameter_count: int
    forward_multiply_adds: int
    training_multiply_adds: int

    @property
    def forward_flops(self) -> int:
        """FLOPs of the forward pass for one item."""
        return 2 * self.forward_multiply_adds

    @property
    def training_flops(self) -> int:
        """FLOPs of forward and backward pass for one item."""
        return 2 * self.training_multiply_adds


class Network(Struct, frozen=True, kw_only=True):
    """A network with every shape resolved; the figures are for one item."""

    layers: tuple[LayerFacts, ...]

    @property
    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(facts.parameter_count for facts in self.layers)

    @property
    def forward_multiply_adds(self) -> int:
        """Multiply-adds of convolutions, dense layers and LSTMs in the forward pass."""
        return sum(facts.forward_multiply_adds for facts in self.layers)

    @property
    def forward_flops(self) -> int:
        """FLOPs of the forward pass for one item."""
        return sum(facts.forward_flops for facts in self.layers)

    @property
    def training_flops(self) -> int:
        """FLOPs of forward and backward pass for one item."""
        return sum(facts.training_flops for facts in self.layers)


def summarize(scenario: Scenario) -> Network:
    """Resolve the network of ``scenario``; raises ScenarioError where shapes do not fit."""
    resolver = _Resolver(scenario)
    layers = tuple(resolver.resolve(scenario.network))
    _check_end(scenario, layers[-1].layer)
    return Network(layers=layers)


class _Resolver:
    """The walk over a network: each name's shape, and whether it depends on weights."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        inputs = scenario.data.inputs
        self.shapes: dict[str, Shape] = {given.name: given.shape for given in inputs}
        self.trained: set[str] = set()
        self.indices = {given.name: given.vocabulary for given in inputs if given.dtype == "int32"}

    def resolve(self, layers: tuple[Layer, ...]) -> Iterator[LayerFacts]:
        for layer in layers:
            resolve = self.distributed if layer.kind == "time_distributed" else self.single
            facts = resolve(layer)
            self.shapes[layer.name] = facts.layer.output_shape
            yield facts

    def single(self, layer: Layer) -> LayerFacts:
        self.check_indices(layer)
        shapes = tuple(self.shapes[name] for name in layer.inputs)
        try:
            form = RULES[layer.kind](layer.parameters, shapes)
        except MisfitError as misfit:
            raise self.misfit(layer, str(misfit)) from misfit
        weights = tuple(
            msgspec.structs.replace(weight, name=f"{layer.name}/{weight.name}")
            for weight in form.weights
        )
        return self.count(
            TaskLayer(
                kind=layer.kind,
                name=layer.name,
                inputs=layer.inputs,
                parameters=layer.parameters,
                input_shapes=shapes,
                output_shape=form.output,
                weights=weights,
            )
        )

    def count(self, layer: TaskLayer) -> LayerFacts:
        return LayerFacts(
            layer=layer,
            parameter_count=count_weights(layer),
            forward_multiply_adds=count_forward(layer),
            training_multiply_adds=count_training(layer, self.trained),
        )

    def distributed(self, layer: Layer) -> LayerFacts:
        (name,) = layer.inputs
        shape = self.shapes[name]
        if len(shape) < 2:
            raise self.misfit(layer, "needs steps on axis 1 and something in each")
        self.shapes[name] = shape[1:]
        inner = tuple(self.resolve(layer.layers))
        self.shapes[name] = shape
        return self.count(
            TaskLayer(
                kind=layer.kind,
                name=layer.name,
                inputs=layer.inputs,
                parameters=layer.parameters,
                input_shapes=(shape,),
                output_shape=(shape[0], *inner[-1].layer.output_shape),
                layers=tuple(facts.layer for facts in inner),
            )
        )

    def check_indices(self, layer: Layer) -> None:
        """Whole numbers are indices: they go through an embedding, and nothing else does."""
        for name in layer.inputs:
            if layer.kind == "embedding" and name not in self.indices:
                raise self.misfit(layer, f"needs whole numbers: {name} is no int32 input")
            if layer.kind != "embedding" and name in self.indices:
                raise self.misfit(layer, f"needs real numbers: {name} is an int32 input")
            if self.indices.get(name, 0) > layer.parameters.get("vocabulary", 0):
                raise self.misfit(layer, f"{name} has {self.indices[name]} different values")

    def misfit(self, layer: Layer, needs: str) -> ScenarioError:
        given = ", ".join(f"{name} gives {show(self.shapes[name])}" for name in layer.inputs)
        return ScenarioError(f"{self.scenario.file}: layer {layer.name}: {needs}; {given}")


def _check_end(scenario: Scenario, last: TaskLayer) -> None:
    """The network ends in a softmax that gives a chance to every class, at every label."""
    target = scenario.data.target
    if last.kind != "activation" or last.parameters["function"] != "softmax":
        raise ScenarioError(
            f"{scenario.file}: layer {last.name}: {scenario.loss.kind} needs a network that ends "
            "in `softmax`"
        )
    wanted = (*target.shape, target.classes)
    if last.output_shape != wanted:
        raise ScenarioError(
            f"{scenario.file}: layer {last.name}: the network gives {show(last.output_shape)}, "
            f"but the target has {show(wanted)} (its shape, then its classes)"
        )


def build_task(scenario: Scenario, *, batch_size: int, precision: str = "float32") -> Task:
    """Return what an adapter builds; the last softmax is taken off.

    Raises ScenarioError where the network's shapes do not fit, UnknownNameError for a precision.
    """
    if precision not in PRECISIONS:
        raise UnknownNameError(f"unknown precision {precision!r}", nearest(precision, PRECISIONS))
    layers = tuple(facts.layer for facts in summarize(scenario).layers)
    data, optimizer = scenario.data, scenario.optimizer
    return Task(
        inputs=tuple(
            TaskInput(
                name=given.name,
                shape=given.shape,
                dtype=given.dtype,
                vocabulary=given.vocabulary,
            )
            for given in data.inputs
        ),
        layers=layers[:-1],
        output=layers[-1].inputs[0],
        output_activation="softmax",
        output_shape=layers[-1].output_shape,
        target=TaskTarget(classes=data.target.classes, shape=data.target.shape),
        loss=TaskLoss(kind=f"softmax_{scenario.loss.kind}", reduction=scenario.loss.reduction),
        optimizer=TaskOptimizer(kind=optimizer.kind, parameters=optimizer.parameters)
        if optimizer
        else None,
        batch_size=batch_size,
        precision=PRECISIONS[precision],
    )


def list_weights(layers: Sequence[TaskLayer]) -> list[Weight]:
    """Return every weight in network order, inner layers' too, each once."""
    found: dict[str, Weight] = {}
    for layer in layers:
        for weight in (*layer.weights, *list_weights(layer.layers)):
            found.setdefault(weight.name, weight)
    return list(found.values())
