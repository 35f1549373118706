"""Parity of dropout: which values were dropped, how the others were scaled, and off in prediction.

Under a dense layer with zero weights every item's gradient at the logits is (1 / classes - y) /
batch, dropped or not.  The kernel's gradient is the product of that with the values that the layer
was given; with label i for item i, and a last class that no item has, it can be solved by hand.
"""
from __future__ import absolute_import

import numpy as np

from . import initial
from .task import Weight

#: Values below this, of ones, were dropped: half formats leave noise of 2^-8.
_DROPPED = 1.0 / 32


def observe_dropout(bench):
    """Step with zero weights, then predict with others."""
    task = bench.task
    (one,) = task.inputs
    kernel = _kernel(task)
    zeros = dict((weight.name, np.zeros(weight.shape, np.float32)) for weight in task.weights())
    ones = np.ones((task.batch_size,) + one.shape, one.dtype)
    batch = {"inputs": {one.name: ones}, "target": np.arange(task.batch_size, dtype=np.int32)}
    rate = task.optimizer.parameters["learning_rate"]
    bench.set_weights(zeros.items())
    bench.built()
    given = []
    for step in range(bench.steps):
        bench.step(batch, step)
        gradient = -np.array(bench.weight(kernel.name), np.float64) / rate
        given.append(values(gradient, task.batch_size).reshape(ones.shape))
        bench.set_weights(zeros.items())
    facts = describe(np.array(given))
    facts["rate"] = next(
        layer.parameters["rate"] for layer in task.layers if layer.kind == "dropout"
    )
    facts.update(_predict(bench, batch, kernel))
    return facts


def values(gradient, batch_size):
    """Return what each item's dense layer was given, items first, from the kernel's gradient."""
    unlabelled = gradient[:, -1:]
    return batch_size * (unlabelled - gradient[:, :batch_size]).T


def describe(given):
    """Describe what was dropped in ``given``: steps x items x the input's shape."""
    dropped = np.abs(given) < _DROPPED
    kept = given[~dropped]
    return {
        "values": given.size,
        "dropped": int(dropped.sum()),
        "scale_low": float(kept.min()) if kept.size else None,
        "scale_high": float(kept.max()) if kept.size else None,
        "masks_differ": _all_differ(dropped) and _all_differ(dropped.swapaxes(0, 1)),
        "neighbours": _neighbours(dropped),
    }


def _all_differ(masks):
    """Say whether every two that follow each other on the first axis differ somewhere."""
    return all((one != other).any() for one, other in zip(masks, masks[1:]))


def _neighbours(dropped):
    """Count, along each axis, pairs that lie next to each other and had the same fate."""
    names = ["steps", "items"] + [str(axis + 1) for axis in range(dropped.ndim - 2)]
    found = {}
    for axis, name in enumerate(names):
        lines = np.rollaxis(dropped, axis)
        equal = lines[1:] == lines[:-1]
        found[name] = {"pairs": equal.size, "equal": int(equal.sum())}
    return found


def _kernel(task):
    (kernel,) = [weight for weight in task.weights() if len(weight.shape) == 2]
    return kernel


def _predict(bench, batch, kernel):
    """Predict with a kernel that is not zero, against the product that it should be."""
    names = [weight.name for weight in bench.task.weights()]
    facts = {"name": kernel.name, "shape": kernel.shape, "initializer": "glorot_uniform"}
    array = initial.make(Weight(facts), names.index(kernel.name), bench.seed)
    bench.set_weights([(kernel.name, array)])
    found = bench.predict(batch)
    logits = array.astype(np.float64).sum(axis=0)
    if bench.task.output_activation == "softmax":
        logits = np.exp(logits - logits.max())
        logits /= logits.sum()
    if found.shape != (bench.task.batch_size,) + logits.shape:
        return {"predict_difference": float("inf"), "predict_scale": np.abs(logits).max()}
    return {
        "predict_difference": np.abs(found - logits).max(),
        "predict_scale": np.abs(logits).max(),
    }
