"""Facts that show whether the work was really done; all of it outside timed sections.

Each is ``name -> {"passed": True, False or None, ...}``; None where a fact judges nothing.
"""
from __future__ import absolute_import

import numpy as np

from . import initial
from .phases import median

#: How far two predictions of one input may differ, relative to their largest value.
_SAME_OUTPUT = 1e-5

#: Steps slower than this are done once only.
_SLOW_STEP_SECONDS = 0.5


def inspect(run):
    """Return every fact."""
    facts = {}
    weights, count = _weights(run)
    facts["weights_shaped"] = weights["shaped"]
    if run.trains:
        facts["weights_changed"] = weights["changed"]
        facts.update(_losses(run.phases.values("loss")))
    facts.update(_outputs(run))
    if run.trains:
        facts["synchronization"] = _synchronization(run)
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


def _outputs(run):
    """Predict one batch twice, and another one."""
    batches = run.test_batches()
    batch = batches[0]
    other = batches[1] if len(batches) > 1 else _changed(batch)
    first, again, different = [
        np.array(run.adapter.predict(run.adapter.prepare(one))) for one in (batch, batch, other)
    ]
    shape = (run.task.batch_size,) + run.task.output_shape
    facts = {"output_shaped": {"passed": first.shape == shape, "found": list(first.shape)}}
    if first.shape != again.shape or first.shape != different.shape:
        return facts
    scale = float(np.abs(first).max())
    repeat = float(np.abs(first - again).max())
    change = float(np.abs(first - different).max())
    facts["same_input_same_output"] = {
        "passed": repeat <= _SAME_OUTPUT * scale, "difference": repeat, "scale": scale,
    }
    facts["inputs_matter"] = {"passed": change > 0.0, "difference": change, "scale": scale}
    return facts


def _changed(batch):
    """Return the batch with every input turned around, where there is no second batch."""
    inputs = {}
    for name, array in batch["inputs"].items():
        inputs[name] = np.ascontiguousarray(array.reshape(len(array), -1)[:, ::-1]).reshape(
            array.shape
        )
    return {"inputs": inputs, "target": batch["target"]}


def _synchronization(run):
    """Time steps with one synchronisation each and one for all, and a weight read right after."""
    expected = median(run.phases.values("step") or run.phases.values("first_step"))
    steps = 3 if expected is None or expected < _SLOW_STEP_SECONDS else 1
    prepared = run.adapter.prepare(run.test_batches()[0])
    small = min(run.task.weights(), key=lambda weight: int(np.prod(weight.shape)))
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    synchronize()
    start = now()
    for _ in range(steps):
        step(prepared)
        synchronize()
    each_done = now()
    for _ in range(steps):
        step(prepared)
    issued = now()
    synchronize()
    done = now()
    run.adapter.get_weights([small.name])
    read = now()
    run.adapter.get_weights([small.name])
    again = now()
    return {
        "passed": None,
        "steps": steps,
        "synchronized_seconds": each_done - start,
        "issue_seconds": issued - each_done,
        "wait_seconds": done - issued,
        "read_after_seconds": read - done,
        "read_again_seconds": again - read,
        "weight": small.name,
    }
