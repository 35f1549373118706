"""What predictions show: their shape, that they repeat, and what they depend on."""
from __future__ import absolute_import

import numpy as np

from . import audit_weights

#: How far two predictions of one input may differ, relative to their largest value.
_SAME_OUTPUT = 1e-5


class Outputs(object):
    """Predictions of the first test batch: ``batch``, ``first`` (an array), and ``facts``."""

    def __init__(self, batch, first, facts):
        self.batch = batch
        self.first = first
        self.facts = facts

    @property
    def reliable(self):
        """Whether further facts may be drawn from predictions: right shape, equal when repeated."""
        return all(
            self.facts.get(name, {}).get("passed")
            for name in ("output_shaped", "same_input_same_output", "labels_unseen")
        )


def observe(run):
    """Predict one batch, the same with other labels, and another one."""
    batches = run.test_batches()
    batch = batches[0]
    other = batches[1] if len(batches) > 1 else _changed(batch)
    kept = _watched_weights(run)
    first, again, different = [
        _predict(run, one) for one in (batch, _relabelled(batch, run.task.target.classes), other)
    ]
    shape = (run.task.batch_size,) + run.task.output_shape
    facts = {"output_shaped": {"passed": first.shape == shape, "found": list(first.shape)}}
    if first.shape == again.shape == different.shape:
        facts.update(_repeat(run, batch, first, again))
        change = float(np.abs(first - different).max())
        facts["inputs_matter"] = {"passed": change > 0.0, "difference": change}
    found = _watched_weights(run)
    changed = [name for name in sorted(kept) if not audit_weights.same(kept[name], found[name])]
    facts["weights_kept"] = {"passed": not changed, "changed": changed}
    return Outputs(batch, first, facts)


def _repeat(run, batch, first, again):
    """Tell an output that does not repeat from one that depends on the batch's labels."""
    scale = float(np.abs(first).max())
    by_labels = float(np.abs(first - again).max())
    repeats = by_labels
    if not by_labels <= _SAME_OUTPUT * scale:
        repeats = float(np.abs(first - _predict(run, batch)).max())
    same = {"passed": repeats <= _SAME_OUTPUT * scale, "difference": repeats, "scale": scale}
    unseen = {"passed": by_labels <= _SAME_OUTPUT * scale, "difference": by_labels}
    if not same["passed"]:
        unseen.update(passed=None, reason="predictions do not repeat")
    return {"same_input_same_output": same, "labels_unseen": unseen}


def _predict(run, batch):
    return np.array(run.adapter.predict(run.adapter.prepare(batch)))


def _watched_weights(run):
    """Return an early and a late weight as they are."""
    names = set((audit_weights.early(run.task), audit_weights.late(run.task)))
    return dict((name, audit_weights.read(run, name)) for name in names)


def _relabelled(batch, classes):
    """Return the batch with every label another one."""
    return {"inputs": batch["inputs"], "target": (batch["target"] + 1) % classes}


def _changed(batch):
    """Return the batch with every input turned around, where there is no second batch."""
    inputs = {}
    for name, array in batch["inputs"].items():
        inputs[name] = np.ascontiguousarray(array.reshape(len(array), -1)[:, ::-1]).reshape(
            array.shape
        )
    return {"inputs": inputs, "target": batch["target"]}
