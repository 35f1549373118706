"""Facts that show whether the work was really done; all of it outside timed sections.

Each is ``name -> {"passed": True, False or None, ...}``; None where a fact judges nothing, then
with its ``reason``.  A slow network pays three training steps and four predictions for all of it.
"""
from __future__ import absolute_import

import numpy as np

from . import audit_learning, audit_outputs, audit_settings, audit_synchronization, initial


def inspect(run, settings):
    """Return every fact, and the number of parameters; ``settings`` are those at the end."""
    facts = {}
    weights, count = _weights(run)
    facts["weights_shaped"] = weights["shaped"]
    if run.trains:
        facts["weights_changed"] = weights["changed"]
        facts.update(_losses(run.phases.values("loss")))
    outputs = audit_outputs.observe(run)
    facts.update(outputs.facts)
    if run.trains:
        facts.update(audit_learning.examine(run, outputs, settings))
        facts["synchronization"] = audit_synchronization.examine(run)
    facts.update(audit_settings.compare(run.job["settings"], run.task.precision, settings))
    return facts, count


def _weights(run):
    """Compare every weight with its initial value, one at a time; count the parameters."""
    count, same, shapes, broken = 0, [], {}, []
    for index, weight in enumerate(run.task.weights()):
        array = np.asarray(run.adapter.get_weights([weight.name])[weight.name])
        count += array.size
        if array.shape != weight.shape:
            shapes[weight.name] = list(array.shape)
            continue
        if not np.isfinite(array).all():
            broken.append(weight.name)
        if (array == initial.make(weight, index, run.seed)).all():
            same.append(weight.name)
    shaped = {"passed": not shapes, "wrong_shapes": shapes}
    changed = {"passed": not same and not broken, "unchanged": same, "not_finite": broken}
    return {"shaped": shaped, "changed": changed}, count


def _losses(losses):
    finite = [loss for loss in losses if loss - loss == 0.0]
    moving = len(set(finite)) > 1 or len(losses) < 2
    return {
        "losses_finite": {"passed": len(finite) == len(losses), "count": len(losses)},
        "losses_moving": {"passed": moving, "different": len(set(finite)), "count": len(losses)},
    }
