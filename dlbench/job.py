"""The wire format between host and worker: ``job.json``, ``events.jsonl``, ``result.json``.

The JSON Schemas in docs/schemas are generated from these types, and docs/protocol.md explains
them.  The worker has no access to this module: it reads and writes plain JSON.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from dlbench.scenario import Augment, Plan, Trials, Warmup

#: Version of the worker protocol.  1: first.
PROTOCOL = 1

__all__ = ["PROTOCOL", "Augment", "Plan", "Trials", "Warmup"]

#: A number as the wire spells it: JSON has no non-finite ones.
Number: TypeAlias = float | Literal["nan", "inf", "-inf"]


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """One trained array: ``<layer>/<role>``, its canonical shape, and how it starts.

    Convolution kernels are height x width x in x out, dense kernels in x out, LSTM gates are
    ordered input, forget, candidate, output.
    """

    name: str
    shape: tuple[int, ...]
    initializer: str


class TaskLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer with every shape resolved; shapes are without the batch."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    parameters: dict[str, Any]
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    weights: tuple[Weight, ...] = ()
    layers: tuple[TaskLayer, ...] = ()


class TaskInput(msgspec.Struct, frozen=True, kw_only=True):
    """A named input as the adapter receives it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    vocabulary: int = 0


class TaskTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Integer class labels, int32, ``shape`` per item."""

    classes: int
    shape: tuple[int, ...] = ()


class TaskLoss(msgspec.Struct, frozen=True, kw_only=True):
    """``softmax_cross_entropy`` of the logits, reduced by ``mean`` over all labels or ``sum``."""

    kind: str
    reduction: str


class TaskOptimizer(msgspec.Struct, frozen=True, kw_only=True):
    """An optimizer with every parameter given."""

    kind: str
    parameters: dict[str, float]


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """Number formats by role, and the loss scale of mixed precision (null: none)."""

    storage: str = "float32"
    compute: str = "float32"
    accumulation: str = "float32"
    loss_scaling: float | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter builds.

    The last softmax of the network is taken off and stated as ``output_activation``, so that an
    adapter may use its framework's fused loss; ``output`` names the layer that makes the logits.
    """

    inputs: tuple[TaskInput, ...]
    layers: tuple[TaskLayer, ...]
    output: str
    output_activation: str
    output_shape: tuple[int, ...]
    target: TaskTarget
    loss: TaskLoss
    optimizer: TaskOptimizer | None
    batch_size: int
    precision: Precision = Precision()


class ArrayFile(msgspec.Struct, frozen=True, kw_only=True):
    """A ``.npy`` file in the data folder, and how it becomes an input: reshape, convert, divide."""

    file: str
    shape: tuple[int, ...]
    dtype: str
    divide_by: float = 1.0


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a dataset: an array for each input, and one for the target."""

    inputs: dict[str, ArrayFile]
    target: ArrayFile
    items: int


class JobData(msgspec.Struct, frozen=True, kw_only=True):
    """Where items come from.

    ``arrays`` reads the files of ``train`` and ``test``.  ``synthetic`` makes ``synthetic_items``
    from the seed: uniform in [0, 1) for real inputs, uniform integers for all others and labels.
    Training images are changed anew in every epoch as ``augment`` says, if it does.
    """

    kind: Literal["arrays", "synthetic"]
    item: str
    train: Split | None = None
    test: Split | None = None
    synthetic_items: int = 0
    augment: Augment | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter is made with."""

    axes: dict[str, str]
    seed: int
    #: None leaves the framework's own choice.
    threads: int | None
    device: str


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment of parity: a fresh build, fixed batches, a few steps, everything observed.

    ``network`` observes shapes, outputs, losses and the weights after the steps.  ``gradients``
    takes one step at a learning rate of 2^20 and divides the change of the weights by it.
    ``optimizer`` observes every update of one dense layer whose gradients are known and spread
    over many magnitudes.  ``dropout`` recovers from the gradient of a layer with zero weights which
    values were dropped, and by how much the others were scaled.
    """

    name: str
    kind: Literal["network", "gradients", "optimizer", "dropout"]
    task: Task
    steps: int
    #: Different batches, made from the seed; step i takes batch i modulo this.
    batches: int = 1
    #: Different items in a batch, each of which fills an equal share of it; 0: all differ.
    items: int = 0


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """What a parity run does in place of a plan.

    ``make`` writes the arrays that others are compared with to OUT/parity, as the oracle does;
    ``compare`` reads them from DATA and observes the differences.
    """

    role: Literal["make", "compare"]
    probes: tuple[Probe, ...]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """``in/job.json``: everything that a worker needs for one run."""

    protocol: int
    run_id: str
    adapter: str
    task: Task
    settings: Settings
    plan: Plan
    data: JobData
    items_per_step: int
    item: str
    devices: tuple[str, ...]
    processes: int = 1
    #: ``host``: every batch is prepared inside the loop; ``device``: all before it.
    feed: Literal["host", "device"] = "host"
    #: ``step``: one train_step after another; ``epoch``: the adapter's own train_epoch.
    loop: Literal["step", "epoch"] = "step"
    #: None: a run that measures.  Otherwise plan and data say nothing.
    parity: Parity | None = None


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured, every value raw and in the order it came.

    ``kind`` is ``once``, ``each`` (one value an occurrence) or ``block`` (one value for a whole
    block of ``count`` occurrences).
    """

    name: str
    kind: Literal["once", "each", "block"]
    unit: str
    values: list[Number]
    clock: str | None = None
    count: int | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong inside the worker."""

    type: str
    message: str
    traceback: str = ""


class WorkerResult(msgspec.Struct, frozen=True, kw_only=True):
    """``out/result.json``: what the worker says of the run; unknown further keys are ignored."""

    protocol: int
    status: Literal["ok", "unsupported", "failed"]
    reason: str = ""
    failure: Failure | None = None
    phases: list[Phase] = []
    #: Versions as found inside, from the adapter and the interpreter.
    versions: dict[str, str] = {}
    #: What was really active: after build, and after the last step.
    settings: dict[str, dict[str, Any]] = {}
    audit: dict[str, Any] = {}
    clock: dict[str, Any] = {}
    parameter_count: int | None = None
    #: Items left out of every training epoch, and padded in prediction, for static shapes.
    dropped_items: int = 0
    padded_items: int = 0
    packages: dict[str, str] = {}
    #: How the warm-up ended: ``steps`` done, and the ``reason``: ``settled``, ``steps`` or
    #: ``seconds`` where a cap came first, ``exact`` where nothing else was asked for.
    warmup: dict[str, Any] = {}
    #: Of a parity run: probe -> what was observed, numbers only; the host judges.
    parity: dict[str, dict[str, Any]] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``out/events.jsonl``: progress, and how far a killed run came."""

    event: str
    #: Seconds on the worker's clock since it started.
    seconds: float
    name: str = ""
    index: int | None = None
    total: int | None = None
    value: Number | None = None
    unit: str = ""
