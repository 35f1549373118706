"""Records of runs that trained epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from comparisons import make_run, plan_fields
from records import each, make_phases, make_step_job

from dlbench.job import Number
from dlbench.record import Record
from dlbench.scenario import Known, Plan

KNOWN = Known(epochs=3, accuracy=(0.97, 0.98))


def make_epochs(
    run_id: str,
    accuracies: Sequence[Number],
    seconds: Sequence[float] = (),
    *,
    known: Known | None = KNOWN,
    steps_per_epoch: int | None = None,
    **changes: Any,
) -> Record:
    """Return a record with these accuracies after its epochs, which take 2 s if not ``seconds``."""
    count = len(accuracies)
    spent = list(seconds or [2.0] * count)
    phases = make_phases(
        epoch=each("epoch", spent),
        epoch_train_loss=each("epoch_train_loss", [0.3] * count, "1"),
        evaluate=each("evaluate", [100.0] * count),
        epoch_loss=each("epoch_loss", [1.0 / (place + 1) for place in range(count)], "1"),
        epoch_accuracy=each("epoch_accuracy", accuracies, "1"),
    )
    plan = Plan(**plan_fields(epochs=count, steps_per_epoch=steps_per_epoch))
    job = make_step_job(plan=plan)
    record = make_run(run_id, phases=phases, job=job, **changes)
    scenario = msgspec.structs.replace(record.scenario, known=known, metric="epoch")
    return msgspec.structs.replace(record, scenario=scenario)
