"""Augmentation on real interpreters: training images alone, anew in every epoch, in every loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from real_worker import PLAN, TASK, Interpreter, Worker, exactly, make_job, warm_up

from dlbench import job as wire

pytestmark = pytest.mark.worker

ITEMS, SHAPE = 10, (2, 4, 1)
IMAGES = np.arange(ITEMS * 8, dtype=np.float32).reshape(ITEMS, *SHAPE)


def train(folder: Path, interpreter: Interpreter, **changes: Any) -> dict[str, list[Any]]:
    """Return the rows that the toy was trained on and predicted, of two epochs of two batches."""
    worker = Worker(folder)
    folder.mkdir()
    worker.data.mkdir()
    np.save(worker.data / "x.npy", IMAGES)
    np.save(worker.data / "y.npy", np.zeros(ITEMS, np.int32))
    split = wire.Split(
        inputs={"x": wire.ArrayFile(file="x.npy", shape=SHAPE, dtype="float32")},
        target=wire.ArrayFile(file="y.npy", shape=(), dtype="int32"),
        items=ITEMS,
    )
    augment = wire.Augment(flip="horizontal", shift=0.5)
    data = wire.JobData(kind="arrays", item="image", train=split, test=split, augment=augment)
    image = wire.TaskInput(name="x", shape=SHAPE, dtype="float32")
    none = exactly(0)
    plan = msgspec.structs.replace(
        PLAN, epochs=2, warmup=warm_up(0), stepwise=none, pipelined=none, predict=none
    )
    task = msgspec.structs.replace(TASK, inputs=(image,))
    job = make_job(task=task, data=data, plan=plan)
    result = worker.do(interpreter, msgspec.structs.replace(job, **changes), "seeing")
    assert result.status == "ok", result.failure
    rows: dict[str, list[Any]] = {"trained": [], "predicted": []}
    for name, *rest in worker.calls():
        if name in rows:
            rows[name] += [tuple(row) for row in rest[0]]
    return rows


def test_every_loop_and_feed_sees_the_same_images(tmp_path: Path, interpreter: Interpreter) -> None:
    stepwise = train(tmp_path / "host", interpreter)["trained"][:16]
    device = train(tmp_path / "device", interpreter, feed="device")["trained"][:16]
    whole = train(tmp_path / "epoch", interpreter, loop="epoch")["trained"][:16]
    assert stepwise == device == whole
    plain = {tuple(image.reshape(-1).tolist()) for image in IMAGES}
    assert len(set(stepwise) - plain) > 8
    assert all(len({int(pixel) // 8 for pixel in row}) == 1 for row in stepwise)
    first, second = (by_item(half) for half in (stepwise[:8], stepwise[8:]))
    both = set(first) & set(second)
    assert sum(first[item] != second[item] for item in both) > len(both) / 2


def by_item(rows: list[Any]) -> dict[int, Any]:
    """Return rows by the item that they were: its eight pixels count on from those before it."""
    return {int(row[0]) // 8: row for row in rows}


def test_evaluation_sees_the_images_as_they_are(tmp_path: Path, interpreter: Interpreter) -> None:
    plain = {tuple(image.reshape(-1).tolist()) for image in IMAGES}
    predicted = train(tmp_path / "run", interpreter)["predicted"]
    # The first prediction of all is of one batch; then there are three for each epoch.
    assert set(predicted[: 4 + 2 * 12]) == plain
