"""Tasks for parity probes, small ones of the shapes that docs/protocol.md asks for."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from dlbench import job as wire

SINGLE = wire.Precision()
DOUBLE = wire.Precision(storage="float64", compute="float64", accumulation="float64")

SGD = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": 0.0, "decay": 0.0}

#: Every optimizer with the rates that scenarios use.
OPTIMIZERS: dict[str, tuple[str, dict[str, float]]] = {
    "sgd": ("sgd", {**SGD, "learning_rate": 0.1}),
    "sgd-fast": ("sgd", {**SGD, "learning_rate": 1.0}),
    "momentum": ("sgd", {**SGD, "momentum": 0.9}),
    "nesterov": ("sgd", {**SGD, "momentum": 0.9, "nesterov": 1.0}),
    "decay": ("sgd", {**SGD, "decay": 0.01}),
    "rmsprop": ("rmsprop", {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-8, "decay": 0.0}),
    "adagrad": (
        "adagrad",
        {"learning_rate": 0.01, "accumulator": 0.0, "epsilon": 1e-8, "decay": 0.0},
    ),
    "adadelta": ("adadelta", {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-8, "decay": 0.0}),
    "adam": (
        "adam",
        {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "decay": 0.0},
    ),
}


def layer(
    kind: str,
    name: str,
    source: str,
    shape: tuple[int, ...],
    output: tuple[int, ...],
    **parameters: Any,
) -> wire.TaskLayer:
    """Return a layer without weights from ``shape`` to ``output``."""
    return wire.TaskLayer(
        kind=kind,
        name=name,
        inputs=(source,),
        parameters=parameters,
        input_shapes=(shape,),
        output_shape=output,
    )


def dense(name: str, source: str, rows: int, units: int, start: str = "zeros") -> wire.TaskLayer:
    return wire.TaskLayer(
        kind="dense",
        name=name,
        inputs=(source,),
        parameters={"units": units, "bias": True},
        input_shapes=((rows,),),
        output_shape=(units,),
        weights=(
            wire.Weight(name=f"{name}/kernel", shape=(rows, units), initializer=start),
            wire.Weight(name=f"{name}/bias", shape=(units,), initializer="zeros"),
        ),
    )


def make_task(
    inputs: tuple[wire.TaskInput, ...],
    layers: tuple[wire.TaskLayer, ...],
    optimizer: tuple[str, dict[str, float]] | None,
    **changes: Any,
) -> wire.Task:
    """Return a classification task whose logits come from the last layer."""
    shape = layers[-1].output_shape
    given: dict[str, Any] = {
        "inputs": inputs,
        "layers": layers,
        "output": layers[-1].name,
        "output_activation": "softmax",
        "output_shape": shape,
        "target": wire.TaskTarget(classes=shape[-1]),
        "loss": wire.TaskLoss(kind="softmax_cross_entropy", reduction="mean"),
        "optimizer": optimizer
        and wire.TaskOptimizer(kind=optimizer[0], parameters=dict(optimizer[1])),
        "batch_size": 4,
        "precision": SINGLE,
    }
    return wire.Task(**{**given, **changes})


def network_task(**changes: Any) -> wire.Task:
    """Return a small image network with square dense layers."""
    convolution = wire.TaskLayer(
        kind="convolution",
        name="one",
        inputs=("image",),
        parameters={
            "filters": 3,
            "kernel": [3, 3],
            "strides": [1, 1],
            "padding": "same",
            "bias": True,
        },
        input_shapes=((6, 5, 2),),
        output_shape=(6, 5, 3),
        weights=(
            wire.Weight(name="one/kernel", shape=(3, 3, 2, 3), initializer="glorot_uniform"),
            wire.Weight(name="one/bias", shape=(3,), initializer="zeros"),
        ),
    )
    layers = (
        convolution,
        layer("activation", "on", "one", (6, 5, 3), (6, 5, 3), function="relu"),
        layer("flatten", "flat", "on", (6, 5, 3), (90,)),
        dense("two", "flat", 90, 8, "glorot_uniform"),
        layer("activation", "bent", "two", (8,), (8,), function="tanh"),
        dense("three", "bent", 8, 8, "glorot_uniform"),
    )
    image = wire.TaskInput(name="image", shape=(6, 5, 2), dtype="float32")
    optimizer = changes.pop("optimizer", ("sgd", SGD))
    return make_task((image,), layers, optimizer, **changes)


def words_task(**changes: Any) -> wire.Task:
    """Return a network over whole numbers."""
    embedding = wire.TaskLayer(
        kind="embedding",
        name="table",
        inputs=("words",),
        parameters={"vocabulary": 7, "units": 4},
        input_shapes=((5,),),
        output_shape=(5, 4),
        weights=(wire.Weight(name="table/embeddings", shape=(7, 4), initializer="uniform_0.05"),),
    )
    layers = (
        embedding,
        layer("flatten", "flat", "table", (5, 4), (20,)),
        dense("out", "flat", 20, 7, "glorot_uniform"),
    )
    words = wire.TaskInput(name="words", shape=(5,), dtype="int32", vocabulary=7)
    return make_task((words,), layers, ("sgd", SGD), **changes)


def optimizer_task(name: str, **changes: Any) -> wire.Task:
    """Return the task of an optimizer probe."""
    rows = wire.TaskInput(name="x", shape=(39,), dtype="float32")
    return make_task((rows,), (dense("scores", "x", 39, 10),), OPTIMIZERS[name], **changes)


def dropout_task(rate: float, shape: tuple[int, ...] = (1024,), **changes: Any) -> wire.Task:
    """Return the task of a dropout probe."""
    given = wire.TaskInput(name="x", shape=shape, dtype="float32")
    layers: list[wire.TaskLayer] = [layer("dropout", "drop", "x", shape, shape, rate=rate)]
    size = math.prod(shape)
    if len(shape) > 1:
        layers.append(layer("flatten", "flat", "drop", shape, (size,)))
    layers.append(dense("scores", layers[-1].name, size, 8))
    return make_task((given,), tuple(layers), ("sgd", {**SGD, "learning_rate": 1.0}), **changes)


def gradients_task(task: wire.Task) -> wire.Task:
    """Return ``task`` as its gradients are probed."""
    optimizer = wire.TaskOptimizer(kind="sgd", parameters={**SGD, "learning_rate": 2.0**20})
    return msgspec.structs.replace(task, optimizer=optimizer)


def probe(name: str, kind: Any, task: wire.Task, steps: int, batches: int = 1) -> wire.Probe:
    return wire.Probe(name=name, kind=kind, task=task, steps=steps, batches=batches)


def all_probes(**changes: Any) -> tuple[wire.Probe, ...]:
    """Return one probe of each kind and more, with ``changes`` to their tasks."""
    return (
        probe("network", "network", network_task(**changes), 10, 3),
        probe("words", "network", words_task(**changes), 4, 2),
        probe("gradients", "gradients", gradients_task(network_task(**changes)), 1),
        probe("optimizer", "optimizer", optimizer_task("adam", **changes), 3, 3),
        probe("dropout", "dropout", dropout_task(0.5, **changes), 2),
    )
