"""Parity of an optimizer: every update of one dense layer whose gradients are known.

All class columns of the kernel are equal before each step, so the probabilities are 1 / classes,
whatever was updated before: the gradients do not depend on the learning rate, nor on chaos.
docs/protocol.md says what each choice here is for.
"""
from __future__ import absolute_import

import numpy as np

#: The inputs of row 0, and of every further row in turn.
_FIRST_ROW, _LARGEST_EXPONENT, _EXPONENTS = 2.0**-20, 4, 38

#: What the inputs of one batch after the other are multiplied by: never a sign, so nothing cancels.
_FACTORS = (1.0, 0.5, 2.0)

#: The first row of the kernel before every step; its gradient is small, so a decay of weights shows.
_START = 0.125

#: One unit in the last place of a stored weight, relative.
_ULP = {"float64": 2.0**-52}
_SINGLE = 2.0**-23


def observe_optimizer(bench):
    """Step three times; the weights are set back after each, the optimizer keeps its own state."""
    start = dict((one.name, _start(one)) for one in bench.task.weights())
    bench.set_weights(start.items())
    bench.built()
    found = []
    for step in range(bench.steps):
        bench.step(_batch(bench.task, step % bench.batches), step)
        found.append(dict((name, _doubled(bench.weight(name), start[name])) for name in start))
        bench.set_weights(start.items())
    return {"updates": _compare(bench, start, found)}


def magnitudes(rows):
    """Return the inputs of an item: 2^-20, then powers of two from 16 down to 2^-33, over again."""
    exponents = _LARGEST_EXPONENT - np.arange(rows - 1) % _EXPONENTS
    return np.concatenate([[_FIRST_ROW], np.exp2(exponents.astype(np.float64))])


def _batch(task, index):
    (one,) = task.inputs
    row = _FACTORS[index % len(_FACTORS)] * magnitudes(one.shape[0])
    inputs = np.tile(row, (task.batch_size, 1)).astype(one.dtype)
    return {"inputs": {one.name: inputs}, "target": np.zeros(task.batch_size, np.int32)}


def _start(weight):
    array = np.zeros(weight.shape, np.float32)
    if len(weight.shape) == 2:
        array[0] = _START
    return array


def _doubled(found, start):
    """Return the weight in float64; the adapter may change its own array."""
    if found.shape != start.shape:
        raise ValueError("a weight has the shape %s instead of %s" % (found.shape, start.shape))
    return np.array(found, np.float64)


def _compare(bench, start, found):
    """Return for each step the largest relative difference of an element, and where it is."""
    ulp = _ULP.get(bench.task.precision.storage, _SINGLE)
    worst = [None] * bench.steps
    for weight in bench.task.weights():
        first = start[weight.name].astype(np.float64)
        after = np.array([one[weight.name] for one in found])
        expected = bench.references.keep(weight.name, after - first)
        rounding = ulp * np.maximum(np.abs(after), np.abs(first))
        for step in range(bench.steps):
            facts = _largest(after[step] - first, expected[step], rounding[step])
            facts["weight"] = weight.name
            if worst[step] is None or _worse(facts, worst[step]):
                worst[step] = facts
    if not bench.references.compares:
        for facts in worst:
            del facts["difference"], facts["found"]
    return worst


def _largest(found, expected, rounding):
    """Return the element that differs most from what is expected, relative to that.

    What rounding alone explains is no difference.
    """
    difference = np.maximum(np.abs(found - expected) - rounding, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(difference == 0.0, 0.0, difference / np.abs(expected))
    place = np.unravel_index(relative.argmax(), relative.shape)
    return {
        "difference": float(relative[place]),
        "row": int(place[0]) if len(place) == 2 else 0,
        "column": int(place[-1]),
        "found": float(found[place]),
        "expected": float(expected[place]),
    }


def _worse(facts, than):
    """Say whether a difference is larger; one that is no number is the largest."""
    if than["difference"] != than["difference"]:
        return False
    return not facts["difference"] <= than["difference"]
