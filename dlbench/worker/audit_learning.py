"""Whether a training step computes the loss of the batch that it is given, and is then seen.

One batch is predicted and then trained on, with labels that tell: along the batch they go from each
item's most likely class to its least likely one.  So its items have very different losses, and part
of a batch, another scale, other labels or other data show in the sum.  No label has a probability
that a logarithm could not be taken of.
"""
from __future__ import absolute_import

import numpy as np

from . import audit_weights
from .phases import median

#: How far the loss of a step may be from the one computed of the predictions just before it, in
#: units of the larger of 1 and the mean loss: about a thousand roundings of single precision
#: (two kernels of one convolution are that far apart), some ten of a half precision.
BOUNDS = {"float64": 1e-4, "float32": 1e-4, "tf32": 1e-2, "float16": 1e-2, "bfloat16": 5e-2}

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

#: Steps before it is said that dropout is off or beyond reason.
_TRIES = 5

#: Steps that are watched one by one, and how many where one takes longer than this.
_WATCHED, _WATCHED_SLOW, _SLOW_SECONDS = 8, 2, 0.2

#: Formats of weights fine enough for every step to change some element of the last one.
_FINE = ("float64", "float32")


def examine(run, outputs, settings):
    """Return the facts ``update_seen``, ``loss_agrees`` and ``every_step_updates``."""
    if not outputs.reliable:
        return _nothing("predictions have another shape, do not repeat or follow their labels")
    if not np.isfinite(outputs.first).all():
        return _nothing("predictions are not finite")
    bound = BOUNDS[_precision(run, settings)]
    smallest = _COARSE.get(run.task.precision.compute, _SMALLEST)
    labels = telling_labels(_chances(outputs.first, run.task), smallest)
    target = labels.reshape(outputs.batch["target"].shape).astype(np.int32)
    prepared = run.adapter.prepare({"inputs": outputs.batch["inputs"], "target": target})
    steps = _train(run, outputs.first, prepared, labels, smallest)
    if steps.seen(bound)["passed"] is False:
        agrees = {"passed": None, "reason": "predictions do not follow the training"}
    elif not steps.losses:
        agrees = {"passed": None, "reason": "every class is too unlikely for a logarithm"}
    elif drops(run.task.layers):
        agrees = _with_dropout(steps.losses, bound)
    else:
        agrees = _without_dropout(steps.losses, bound)
    every = _every_step(run, prepared)
    return {"update_seen": steps.seen(bound), "loss_agrees": agrees, "every_step_updates": every}


class Steps(object):
    """What a few steps on one batch showed.

    ``losses`` are pairs of means over the labels: computed of the outputs before a step, and found.
    ``unseen`` has the numbers of steps that left the prediction as it was, ``moved`` is how far a
    late weight went in all of them.
    """

    def __init__(self):
        self.count = 0
        self.losses = []
        self.unseen = []
        self.moved = 0.0

    def seen(self, bound):
        """Return the fact ``update_seen``."""
        fact = {
            "passed": not self.unseen, "steps": self.count, "unseen": self.unseen,
            "moved": self.moved,
        }
        if self.unseen and self.moved <= bound:
            fact.update(passed=None, reason="the weights changed too little to be seen")
        return fact


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


def mean_loss(chances, labels, smallest):
    """Return the mean cross-entropy of rows of probabilities at their labels.

    None where a probability is too small for its logarithm to say anything, or is not finite.
    """
    chosen = chances[np.arange(len(labels)), labels]
    return float(-np.log(chosen).mean()) if (chosen >= smallest).all() else None


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


def _train(run, before, prepared, labels, smallest):
    """Do a step on a batch, of which ``before`` are the outputs; with dropout, until it shows."""
    count = len(labels) if run.task.loss.reduction == "sum" else 1
    name = audit_weights.late(run.task)
    start, dropping, steps = audit_weights.read(run, name), drops(run.task.layers), Steps()
    while not steps.count or (
        dropping and steps.count < _TRIES and not any(map(_is_dropped, steps.losses))
    ):
        steps.count += 1
        run.adapter.train_step(prepared)
        run.adapter.synchronize()
        expected = mean_loss(_chances(before, run.task), labels, smallest)
        if expected is not None:
            steps.losses.append((expected, float(run.adapter.loss()) / count))
        outputs = np.array(run.adapter.predict(prepared))
        if audit_weights.same(outputs, before):
            steps.unseen.append(steps.count)
        before = outputs
        if not np.isfinite(outputs).all():
            break
    change = np.subtract(audit_weights.read(run, name), start, dtype=np.float64)
    steps.moved = float(np.abs(change).max())
    return steps


def _every_step(run, prepared):
    """Return the fact ``every_step_updates``: no step leaves the last weight exactly as it was.

    The labels that the batch has here keep its gradient away from zero however well it was learned.
    """
    if run.task.precision.storage not in _FINE:
        return {"passed": None, "reason": "weights are too coarse for every update to show"}
    name = audit_weights.late(run.task)
    seconds = median(run.phases.values("step") or run.phases.values("first_step"))
    slow = seconds is None or seconds > _SLOW_SECONDS
    steps = _WATCHED_SLOW if slow else _WATCHED
    without, before = 0, audit_weights.read(run, name)
    for _ in range(steps):
        run.adapter.train_step(prepared)
        run.adapter.synchronize()
        after = audit_weights.read(run, name)
        without += int((after == before).all())
        before = after
    return {"passed": not without, "steps": steps, "without": without, "weight": name}


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
    if fact["passed"] and expected <= 10 * bound:
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
