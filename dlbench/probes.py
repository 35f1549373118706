"""Probes: the small experiments by which parity tells whether two programs do the same work.

A scenario becomes up to four kinds of them.  ``network`` trains the scenario's own network a few
steps without dropout, by plain gradient descent at a rate so low that rounding does not grow into
other losses.  ``gradients`` takes one step of it at a rate of 2^20, whose change, divided by the
rate, is the gradient: what the weights' own rounding takes away is 2^-44 of a weight.
``optimizer`` and ``dropout`` try the scenario's optimizer and its dropout rates on networks of one
layer, where what should come out is known.

Programs choose algorithms, and compile code, for the shape of a batch.  So the first two are done
at the batch size that is measured.  Its items are the few of the oracle, each repeated equally
often: the mean over the batch is then the oracle's, which computes a small one in float64.  A
network too large for ten such steps states a batch size for them; its gradients are not spared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from dlbench.errors import ScenarioError
from dlbench.job import (
    Parity,
    Precision,
    Probe,
    Task,
    TaskInput,
    TaskLayer,
    TaskLoss,
    TaskOptimizer,
    TaskTarget,
    Weight,
)
from dlbench.network import PRECISIONS, build_task
from dlbench.scenario import Scenario

#: Ten steps at this rate stay within 3e-6 of float64 in correct frameworks, dense or convolutional,
#: of networks that do not diverge; for those the scenario states a lower one.
LEARNING_RATE = 0.01
STEPS = 10

#: So many different batches, over and over: memory is bounded, and no step sees only one of them.
BATCHES = 4

#: More different items show nothing more, and cost the oracle time.
BATCH_SIZE = 16

#: A power of two: multiplying and dividing by it rounds nothing.
GRADIENT_RATE = 2.0**20

#: What a scenario's ``parity: {initializer: ...}`` replaces.
KERNEL_INITIALIZERS = frozenset({"glorot_uniform", "he_normal"})

#: The worker gives these values 39 magnitudes.
OPTIMIZER_FEATURES = 39
OPTIMIZER_CLASSES = 10
OPTIMIZER_BATCH_SIZE = 4
OPTIMIZER_STEPS = 3

#: A batch is smaller than the number of classes, so that the gradient of the layer above tells
#: every value that dropout let through.  Powers of two leave half formats exact.
DROPOUT_BATCH_SIZE = 4
DROPOUT_CLASSES = 8

#: The probe's input for each rank of what a dropout layer is given: vector, sequence, image.
DROPOUT_SHAPES: Mapping[int, tuple[int, ...]] = {1: (1024,), 2: (32, 32), 3: (16, 16, 4)}


def make_parity(
    scenario: Scenario, precision: str = "float32", batch_size: int | None = None
) -> Parity:
    """Return the probes of ``scenario`` for a cell of that precision and batch size.

    None is the scenario's own batch size.  Raises ScenarioError where the network's shapes do not
    fit.
    """
    own = build_task(scenario, batch_size=parity_batch_size(scenario), precision=precision)
    own = initialize(own, scenario.parity.get("initializer"))
    plain = msgspec.structs.replace(own, layers=without_dropout(own.layers))
    batch_size = batch_size or scenario.batch_size
    if own.optimizer is None:
        network = Probe(name="network", kind="network", task=plain, steps=0)
        return Parity(role="compare", probes=(fill(network, batch_size),))
    network = network_probe(
        plain,
        scenario.parity.get("learning_rate", LEARNING_RATE),
        scenario.parity.get("steps", STEPS),
    )
    return Parity(
        role="compare",
        probes=(
            network if scenario.parity.get("batch_size") else fill(network, batch_size),
            fill(gradients_probe(plain), batch_size),
            optimizer_probe(own.optimizer, own.precision),
            *dropout_probes(own),
        ),
    )


def for_oracle(parity: Parity) -> Parity:
    """Return the run by which the oracle makes, in float64, what ``parity`` is compared with.

    Its batches have the different items alone, so that it is the same for many batch sizes.
    """
    return Parity(role="make", probes=tuple(map(_for_oracle, parity.probes)))


def _for_oracle(probe: Probe) -> Probe:
    task = msgspec.structs.replace(
        probe.task,
        batch_size=probe.items or probe.task.batch_size,
        precision=PRECISIONS["float64"],
    )
    return msgspec.structs.replace(probe, task=task, items=0)


def fill(probe: Probe, batch_size: int) -> Probe:
    """Return ``probe`` at another batch size, filled with as many of its items as divide that."""
    items = max(count for count in range(1, probe.task.batch_size + 1) if batch_size % count == 0)
    task = msgspec.structs.replace(probe.task, batch_size=batch_size)
    return msgspec.structs.replace(probe, task=task, items=items)


def parity_batch_size(scenario: Scenario) -> int:
    """Return the batch size that the scenario states for parity, else a small one."""
    stated = scenario.parity.get("batch_size")
    return int(stated) if stated else min(scenario.batch_size, BATCH_SIZE)


def initialize(task: Task, initializer: str | None) -> Task:
    """Return ``task`` with all kernels that start at random started by ``initializer``."""
    if initializer is None:
        return task
    layers = tuple(_initialize_layer(layer, initializer) for layer in task.layers)
    return msgspec.structs.replace(task, layers=layers)


def _initialize_layer(layer: TaskLayer, initializer: str) -> TaskLayer:
    weights = tuple(
        msgspec.structs.replace(weight, initializer=initializer)
        if weight.initializer in KERNEL_INITIALIZERS
        else weight
        for weight in layer.weights
    )
    parameters = layer.parameters
    if "initializer" in parameters:
        parameters = {**parameters, "initializer": initializer}
    inner = tuple(_initialize_layer(one, initializer) for one in layer.layers)
    return msgspec.structs.replace(layer, weights=weights, parameters=parameters, layers=inner)


def without_dropout(layers: tuple[TaskLayer, ...]) -> tuple[TaskLayer, ...]:
    """Return ``layers`` with every dropout at a rate of zero, inner layers' too."""
    return tuple(
        msgspec.structs.replace(
            layer,
            parameters={**layer.parameters, "rate": 0.0}
            if layer.kind == "dropout"
            else layer.parameters,
            layers=without_dropout(layer.layers),
        )
        for layer in layers
    )


def descent(learning_rate: float) -> TaskOptimizer:
    """Return plain gradient descent with every parameter given."""
    parameters = {"learning_rate": learning_rate, "momentum": 0.0, "nesterov": 0.0, "decay": 0.0}
    return TaskOptimizer(kind="sgd", parameters=parameters)


def network_probe(task: Task, learning_rate: float, steps: int) -> Probe:
    """Return the probe of losses, outputs and weights after ``steps``."""
    loss = msgspec.structs.replace(task.loss, reduction="mean")
    task = msgspec.structs.replace(task, loss=loss, optimizer=descent(learning_rate))
    return Probe(name="network", kind="network", task=task, steps=steps, batches=BATCHES)


def gradients_probe(task: Task) -> Probe:
    """Return the probe of the gradients, under the scenario's own reduction of the loss."""
    task = msgspec.structs.replace(task, optimizer=descent(GRADIENT_RATE))
    return Probe(name="gradients", kind="gradients", task=task, steps=1)


def optimizer_probe(optimizer: TaskOptimizer, precision: Precision) -> Probe:
    """Return the probe of an optimizer's updates: one dense layer that starts at zero."""
    shape = (OPTIMIZER_FEATURES,)
    task = Task(
        inputs=(TaskInput(name="row", shape=shape, dtype="float32"),),
        layers=(_dense("row", OPTIMIZER_FEATURES, OPTIMIZER_CLASSES),),
        output="dense",
        output_activation="softmax",
        output_shape=(OPTIMIZER_CLASSES,),
        target=TaskTarget(classes=OPTIMIZER_CLASSES),
        loss=TaskLoss(kind="softmax_cross_entropy", reduction="mean"),
        optimizer=optimizer,
        batch_size=OPTIMIZER_BATCH_SIZE,
        precision=precision,
    )
    return Probe(
        name="optimizer",
        kind="optimizer",
        task=task,
        steps=OPTIMIZER_STEPS,
        batches=OPTIMIZER_STEPS,
    )


def _dense(source: str, features: int, units: int) -> TaskLayer:
    """Return a dense layer called ``dense`` that starts at zero."""
    return TaskLayer(
        kind="dense",
        name="dense",
        inputs=(source,),
        parameters={"units": units, "bias": True, "initializer": "zeros"},
        input_shapes=((features,),),
        output_shape=(units,),
        weights=(
            Weight(name="dense/kernel", shape=(features, units), initializer="zeros"),
            Weight(name="dense/bias", shape=(units,), initializer="zeros"),
        ),
    )


def dropout_probes(task: Task) -> Iterator[Probe]:
    """Yield a probe for every rate that ``task`` drops at, and every rank of what is dropped."""
    found = dict.fromkeys(find_dropout(task.layers))
    for number, (rate, rank) in enumerate(found, start=1):
        yield dropout_probe(f"dropout-{number}", rate, rank, task.precision)


def find_dropout(layers: tuple[TaskLayer, ...]) -> Iterator[tuple[float, int]]:
    """Yield rate and input rank of every layer that drops anything, in network order."""
    for layer in layers:
        if layer.kind == "dropout" and layer.parameters["rate"] > 0:
            yield float(layer.parameters["rate"]), len(layer.input_shapes[0])
        yield from find_dropout(layer.layers)


def dropout_probe(name: str, rate: float, rank: int, precision: Precision) -> Probe:
    """Return the probe of a dropout layer: its rate, its scaling, and that prediction has none."""
    if rank not in DROPOUT_SHAPES:
        raise ScenarioError(
            f"dropout on arrays of {rank} axes cannot be checked for parity",
            "dlbench run --no-parity measures without",
        )
    shape = DROPOUT_SHAPES[rank]
    task = Task(
        inputs=(TaskInput(name="values", shape=shape, dtype="float32"),),
        layers=tuple(_dropout_layers(rate, shape)),
        output="dense",
        output_activation="softmax",
        output_shape=(DROPOUT_CLASSES,),
        target=TaskTarget(classes=DROPOUT_CLASSES),
        loss=TaskLoss(kind="softmax_cross_entropy", reduction="mean"),
        optimizer=descent(1.0),
        batch_size=DROPOUT_BATCH_SIZE,
        precision=precision,
    )
    return Probe(name=name, kind="dropout", task=task, steps=2)


def _dropout_layers(rate: float, shape: tuple[int, ...]) -> Iterator[TaskLayer]:
    """Yield dropout on ``values``, what makes a vector of it, and a dense layer on top."""
    size, below = math.prod(shape), "dropout"
    yield TaskLayer(
        kind="dropout",
        name="dropout",
        inputs=("values",),
        parameters={"rate": rate},
        input_shapes=(shape,),
        output_shape=shape,
    )
    if len(shape) > 1:
        below = "flatten"
        yield TaskLayer(
            kind="flatten",
            name="flatten",
            inputs=("dropout",),
            parameters={},
            input_shapes=(shape,),
            output_shape=(size,),
        )
    yield _dense(below, size, DROPOUT_CLASSES)
