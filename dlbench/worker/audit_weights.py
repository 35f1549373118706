"""What the weights show: shapes, and that training has changed every one of them."""
from __future__ import absolute_import

import numpy as np

from . import initial


def examine(run):
    """Compare every weight with its initial value, one at a time.

    Return the facts ``weights_shaped`` and ``weights_changed``, and the number of parameters.
    """
    count, same, shapes, broken = 0, [], {}, []
    for index, weight in enumerate(run.task.weights()):
        array = read(run, weight.name)
        count += array.size
        if array.shape != weight.shape:
            shapes[weight.name] = list(array.shape)
            continue
        if not np.isfinite(array).all():
            broken.append(weight.name)
        if (array == initial.make(weight, index, run.seed)).all():
            same.append(weight.name)
    facts = {"weights_shaped": {"passed": not shapes, "wrong_shapes": shapes}}
    if run.trains:
        facts["weights_changed"] = {
            "passed": not same and not broken, "unchanged": same, "not_finite": broken,
        }
    return facts, count


def read(run, name):
    """Return one weight as an array that nobody changes."""
    return np.array(run.adapter.get_weights([name])[name])


def early(task):
    """Return the smallest weight of the first layer that has any: its gradient comes last."""
    weights = task.weights()
    layer = weights[0].name.rsplit("/", 1)[0]
    own = [weight for weight in weights if weight.name.rsplit("/", 1)[0] == layer]
    return min(own, key=lambda weight: int(np.prod(weight.shape))).name


def late(task):
    """Return the last weight, the output's bias as a rule."""
    return task.weights()[-1].name


def same(one, other):
    """Say whether two arrays are equal bit for bit, nan being equal to nan."""
    return one.shape == other.shape and bool(
        ((one == other) | (np.isnan(one) & np.isnan(other))).all()
    )
