"""Whole epochs of training, each followed by an evaluation outside its time."""
from __future__ import absolute_import

import numpy as np

from . import feed
from .predictions import first, forward
from .run import quiet

#: Probabilities are clipped to this before their logarithm is taken.
_SMALLEST_PROBABILITY = 1e-7


def measure(run):
    """Train the plan's epochs; after each one, record accuracy and loss on the test split."""
    epochs = run.job["plan"].get("epochs", 0)
    if not epochs or not run.trains:
        return
    train = _whole(run) if run.job.get("loop", "step") == "epoch" else _stepwise
    run.phases.once("epoch_items", len(run.order(0)), unit="item")
    for epoch in range(epochs):
        run.events.emit("phase", name="epoch", index=epoch + 1, total=epochs)
        seconds = train(run, epoch)
        run.phases.each("epoch", seconds)
        run.phases.each("epoch_train_loss", float(run.adapter.loss()), unit="1")
        accuracy = _evaluate(run)
        for name, value, unit in (("epoch", seconds, "s"), ("accuracy", accuracy, "1")):
            run.events.emit(
                "progress", name=name, index=epoch + 1, total=epochs, value=value, unit=unit
            )


def _stepwise(run, epoch):
    """Time one step after another; the very first one of the build is synchronised."""
    split = run.training_split(epoch)
    batches = feed.training_batches(split, run.task.batch_size, run.order(epoch))
    prepare = run.adapter.prepare
    if not run.host_feed:
        batches = [run.prepare(batch) for batch in batches]
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    first_seconds = None
    synchronize()
    start = now()
    if epoch == 0:
        prepared = prepare(batches[0]) if run.host_feed else batches[0]
        first_start = now()
        step(prepared)
        synchronize()
        first_seconds = now() - first_start
        del batches[0]
    if run.host_feed:
        for batch in batches:
            step(prepare(batch))
    else:
        for prepared in batches:
            step(prepared)
    synchronize()
    seconds = now() - start
    if first_seconds is not None:
        run.record_first_step(first_seconds)
    return seconds


def _whole(run):
    """Return a timer of the adapter's own loop over the same batches in the same order."""
    kept = []

    def train(run, epoch):
        split = run.training_split(epoch)
        if split is not run.train or not kept:
            kept[:] = [split.take(np.arange(split.items))]
        data, order = kept[0], run.order(epoch)
        run.adapter.synchronize()
        start = run.now()
        run.adapter.train_epoch(data, order)
        run.adapter.synchronize()
        return run.now() - start

    return train


def _evaluate(run):
    """Record accuracy and mean cross-entropy over the test split; return the accuracy."""
    first(run)
    with quiet():
        seconds, outputs = forward(run, keep=True)
    run.phases.each("evaluate", seconds)
    right = total = 0
    loss = 0.0
    left = run.test_items()
    for batch, output in zip(run.test_batches(), outputs):
        items = min(left, run.task.batch_size)
        left -= items
        target = batch["target"][:items].reshape(-1)
        scores = np.asarray(output[:items], np.float64).reshape(len(target), -1)
        right += int((scores.argmax(axis=1) == target).sum())
        loss += float(_cross_entropy(scores, target, run.task.output_activation))
        total += len(target)
    run.phases.each("epoch_loss", loss / total, unit="1")
    run.phases.each("epoch_accuracy", right / float(total), unit="1")
    return right / float(total)


def _cross_entropy(scores, target, activation):
    """Return the summed cross-entropy of probabilities, or of logits where no softmax was done."""
    if activation != "softmax":
        shifted = scores - scores.max(axis=1, keepdims=True)
        scores = np.exp(shifted)
        scores /= scores.sum(axis=1, keepdims=True)
    chosen = scores[np.arange(len(target)), target]
    return -np.log(np.clip(chosen, _SMALLEST_PROBABILITY, 1.0)).sum()
