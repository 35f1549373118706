"""Whether a training step computes the loss of the batch that it is given, and is then seen.

One batch is predicted and then trained on, with labels that tell: along the batch they go from each
item's most likely class to its least likely one.  So its items have very different losses, and part
of a batch, another scale, other labels or other data show in the sum.  No label has a probability
that a logarithm could not be taken of.
"""
from __future__ import absolute_import

import numpy as np

from .phases import median

#: How far the loss of a step may be from the one computed of the predictions just before it, in
#: units of the larger of 1 and the mean loss: about a thousand roundings of single precision
#: (two kernels of one convolution are that far apart), some ten of a half precision.
BOUNDS = {"float64": 1e-4, "float32": 1e-4, "tf32": 2e-2, "float16": 2e-2, "bfloat16": 1e-1}

#: Losses this close, in the same units, are of one computation: sixteen roundings of float32.
#: Dropout moves them by more, whatever the precision.
_EQUAL = 16 * 2.0 ** -24

#: With dropout the loss may be so many times the one without, and one more.
_FACTOR = 2.0

#: Labels less likely than this, relative to the likeliest, are not chosen.
_LEAST_LIKELY = 1e-4

#: Probabilities below this are too coarse for a logarithm.
_COARSE = {"float16": 1e-4}
_SMALLEST = 1e-30

#: Steps before it is said that dropout is off or beyond reason, or that no update is seen.
_TRIES = 5

#: Steps that are watched one by one, and how many where one takes longer than this.
_WATCHED, _WATCHED_SLOW, _SLOW_SECONDS = 8, 2, 0.2

#: Formats of weights fine enough for every step to change some element of the last one.
_FINE = ("float64", "float32")


def examine(run, outputs, settings):
    """Return the facts ``update_seen``, ``loss_agrees`` and ``every_step_updates``."""
    if not outputs.reliable:
        return _nothing("predictions have another shape, or do not repeat")
    if not np.isfinite(outputs.first).all():
        return _nothing("predictions are not finite")
    bound = BOUNDS[_precision(run, settings)]
    chances = _chances(outputs.first, run.task)
    labels = telling_labels(chances, _COARSE.get(run.task.precision.compute, _SMALLEST))
    target = labels.reshape(outputs.batch["target"].shape).astype(np.int32)
    prepared = run.adapter.prepare({"inputs": outputs.batch["inputs"], "target": target})
    tries, seen = _train(run, prepared, labels, outputs.first, bound)
    agrees = (_with_dropout if drops(run.task.layers) else _without_dropout)(tries, bound)
    if seen["passed"] is False:
        agrees = dict(agrees, passed=None, reason="predictions do not follow the training")
    every = _every_step(run, prepared)
    return {"update_seen": seen, "loss_agrees": agrees, "every_step_updates": every}


def drops(layers):
    """Say whether any layer has a dropout rate above 0."""
    return any(layer.parameters.get("rate") or drops(layer.layers) for layer in layers)


def telling_labels(chances, smallest):
    """Return a label for each row of probabilities: along the rows ever less likely ones."""
    rows = np.arange(len(chances))
    order = np.argsort(-chances, axis=1)
    ranked = chances[rows[:, None], order]
    usable = ranked >= np.maximum(_LEAST_LIKELY * ranked[:, :1], smallest)
    counts = np.maximum(usable.sum(axis=1), 1)
    return order[rows, rows * counts // len(chances)]


def mean_loss(chances, labels):
    """Return the mean cross-entropy of rows of probabilities at their labels."""
    chosen = chances[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, _SMALLEST)).mean())


def _nothing(reason):
    names = ("update_seen", "loss_agrees", "every_step_updates")
    return dict((name, {"passed": None, "reason": reason}) for name in names)


def _precision(run, settings):
    compute = run.task.precision.compute
    return "tf32" if compute == "float32" and settings.get("tf32") else compute


def _chances(outputs, task):
    """Return outputs as rows of probabilities in float64."""
    rows = np.asarray(outputs, np.float64).reshape(-1, outputs.shape[-1])
    if task.output_activation == "softmax":
        return rows
    rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    return rows / rows.sum(axis=1, keepdims=True)


def _train(run, prepared, labels, outputs, bound):
    """Do steps until what is looked for has shown; return their losses, and ``update_seen``.

    A loss is a pair of means over the labels: computed of the outputs before the step, and found.
    """
    name = run.task.weights()[-1].name
    count = len(labels) if run.task.loss.reduction == "sum" else 1
    dropping = drops(run.task.layers)
    start = np.array(run.adapter.get_weights([name])[name], np.float64)
    losses, change = [], None
    while len(losses) < _TRIES and (change is None or (dropping and not _is_dropped(losses[-1]))):
        expected = mean_loss(_chances(outputs, run.task), labels)
        run.adapter.train_step(prepared)
        run.adapter.synchronize()
        losses.append((expected, float(run.adapter.loss()) / count))
        before, outputs = outputs, np.array(run.adapter.predict(prepared))
        if (outputs != before).any():
            change = float(np.abs(outputs - before).max())
    moved = float(np.abs(np.asarray(run.adapter.get_weights([name])[name]) - start).max())
    seen = {"passed": change is not None, "difference": change or 0.0, "steps": len(losses)}
    if change is None and moved <= bound:
        seen.update(passed=None, reason="the weights changed too little to be seen")
    return losses, seen


def _every_step(run, prepared):
    """Return the fact ``every_step_updates``: no step leaves the last weight exactly as it was.

    The labels that the batch has here keep its gradient away from zero however well it was learned.
    """
    weight = run.task.weights()[-1]
    if run.task.precision.storage not in _FINE:
        return {"passed": None, "reason": "weights are too coarse for every update to show"}
    seconds = median(run.phases.values("step") or run.phases.values("first_step"))
    slow = seconds is None or seconds > _SLOW_SECONDS
    steps = _WATCHED_SLOW if slow else _WATCHED
    without, before = 0, np.array(run.adapter.get_weights([weight.name])[weight.name])
    for _ in range(steps):
        run.adapter.train_step(prepared)
        run.adapter.synchronize()
        after = np.array(run.adapter.get_weights([weight.name])[weight.name])
        without += int((after == before).all())
        before = after
    return {"passed": not without, "steps": steps, "without": without, "weight": weight.name}


def _equal(pair):
    expected, found = pair
    return abs(found - expected) <= _EQUAL * max(1.0, expected)


def _is_dropped(pair):
    """Whether the losses differ as dropout makes them differ, not beyond reason."""
    expected, found = pair
    return not _equal(pair) and (expected - 1.0) / _FACTOR <= found <= _FACTOR * expected + 1.0


def _without_dropout(losses, bound):
    expected, found = losses[0]
    allowed = bound * max(1.0, expected)
    fact = {"passed": abs(found - expected) <= allowed, "dropout": False}
    if fact["passed"] and expected <= 10 * allowed:
        fact.update(passed=None, reason="the network is too sure of these labels: no loss to see")
    return dict(fact, expected=expected, found=found, bound=allowed)


def _with_dropout(losses, bound):
    """Judge the last step of as many as were needed; equal every time, dropout was off."""
    expected, found = losses[-1]
    active = not all(_equal(pair) for pair in losses)
    fact = {"passed": any(map(_is_dropped, losses)), "dropout": True, "dropout_active": active}
    if not active and expected <= 10 * bound:
        fact.update(passed=None, reason="the network is too sure of these labels: no loss to see")
    return dict(fact, expected=expected, found=found, bound=_EQUAL * max(1.0, expected))
