"""Facts that show whether the work was really done; all of it outside timed sections.

Each is ``name -> {"passed": True, False or None, ...}``; None where a fact judges nothing, then
with its ``reason``.  A slow network pays five training steps and four predictions for all of it.
"""
from __future__ import absolute_import

from . import audit_learning, audit_outputs, audit_settings, audit_synchronization, audit_weights


def inspect(run, settings):
    """Return every fact, and the number of parameters; ``settings`` are those at the end."""
    facts, count = audit_weights.examine(run)
    if run.trains:
        facts.update(_losses(run.phases.values("loss")))
    outputs = audit_outputs.observe(run)
    facts.update(outputs.facts)
    if run.trains:
        facts.update(audit_learning.examine(run, outputs, settings))
        facts["synchronization"] = audit_synchronization.examine(run)
    facts.update(audit_settings.compare(run.job["settings"], run.task.precision, settings))
    return facts, count


def _losses(losses):
    finite = [loss for loss in losses if loss - loss == 0.0]
    moving = len(set(finite)) > 1 or len(losses) < 2
    return {
        "losses_finite": {"passed": len(finite) == len(losses), "count": len(losses)},
        "losses_moving": {"passed": moving, "different": len(set(finite)), "count": len(losses)},
    }
