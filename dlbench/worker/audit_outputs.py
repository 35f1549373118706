"""What predictions show: their shape, that they repeat, and that their input matters."""
from __future__ import absolute_import

import numpy as np

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
            for name in ("output_shaped", "same_input_same_output")
        )


def observe(run):
    """Predict one batch twice, and another one."""
    batches = run.test_batches()
    batch = batches[0]
    other = batches[1] if len(batches) > 1 else _changed(batch)
    first, again, different = [
        np.array(run.adapter.predict(run.adapter.prepare(one))) for one in (batch, batch, other)
    ]
    shape = (run.task.batch_size,) + run.task.output_shape
    facts = {"output_shaped": {"passed": first.shape == shape, "found": list(first.shape)}}
    if first.shape == again.shape == different.shape:
        scale = float(np.abs(first).max())
        repeat = float(np.abs(first - again).max())
        change = float(np.abs(first - different).max())
        facts["same_input_same_output"] = {
            "passed": repeat <= _SAME_OUTPUT * scale, "difference": repeat, "scale": scale,
        }
        facts["inputs_matter"] = {"passed": change > 0.0, "difference": change, "scale": scale}
    return Outputs(batch, first, facts)


def _changed(batch):
    """Return the batch with every input turned around, where there is no second batch."""
    inputs = {}
    for name, array in batch["inputs"].items():
        inputs[name] = np.ascontiguousarray(array.reshape(len(array), -1)[:, ::-1]).reshape(
            array.shape
        )
    return {"inputs": inputs, "target": batch["target"]}
