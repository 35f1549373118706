"""Epochs: what a run measured of each, and how far it had come after it.

Training seconds count what was trained and nothing else: evaluation stands outside of them, and so
does everything before the first epoch (import, build).  What a framework compiles in its first step
is in the first epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, zip_longest

import msgspec

from dlbench.job import Phase

#: Field of an epoch -> the phase that has a value an epoch; a worker may leave out the last three.
PHASES = {
    "seconds": "epoch",
    "accuracy": "epoch_accuracy",
    "loss": "epoch_loss",
    "step_loss": "epoch_train_loss",
    "evaluate_seconds": "evaluate",
}


class Epoch(msgspec.Struct, frozen=True):
    """One epoch; what was not measured is None."""

    #: Counted from 1.
    epoch: int
    #: Of training, with all epochs before this one, and in this one.
    training_seconds: float
    seconds: float
    #: Share of the test set's labels that were predicted right, and the mean loss there.
    accuracy: float
    loss: float | None
    #: Of the last training step, before its update.
    step_loss: float | None
    evaluate_seconds: float | None


class Progress(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far a run had come after an epoch: what tables need of it."""

    training_seconds: float
    accuracy: float
    loss: float | None


def read_epochs(phases: Iterable[Phase]) -> list[Epoch]:
    """Return the epochs whose time and accuracy are known, in their order."""
    values = {phase.name: [float(value) for value in phase.values] for phase in phases}
    columns = {field: values.get(name, []) for field, name in PHASES.items()}
    rows = zip_longest(*columns.values())
    totals = accumulate(columns["seconds"])
    return [
        Epoch(number, total, *row)
        for number, (total, row) in enumerate(zip(totals, rows, strict=False), start=1)
        if row[1] is not None
    ]


def follow(phases: Iterable[Phase]) -> tuple[Progress, ...]:
    """Return how far a run had come after each epoch."""
    return tuple(
        Progress(one.training_seconds, one.accuracy, one.loss) for one in read_epochs(phases)
    )


def write_csv(epochs: Sequence[Epoch]) -> str:
    """Return the epochs as CSV with every digit, a line of names first."""
    lines = [",".join(Epoch.__struct_fields__)]
    for epoch in epochs:
        values = msgspec.structs.astuple(epoch)
        lines.append(",".join("none" if value is None else repr(value) for value in values))
    return "\n".join(lines)
