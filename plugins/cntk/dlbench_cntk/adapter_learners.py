"""Optimizers as CNTK learners.  Python 2.7.

CNTK's gradients are sums over a minibatch; a learner divides them by the size that its rate is for.
"""
from __future__ import absolute_import, division, print_function

import cntk as C
import numpy as np

from dlbench_worker.updates import slots, update


def make_learner(optimizer, parameters, items):
    """Return a learner whose gradient is the sum over a minibatch divided by ``items``.

    CNTK's own are plain gradient descent and Adadelta; the others of CNTK are defined otherwise.
    """
    given = optimizer.parameters
    if not given["decay"]:
        rate = C.learning_parameter_schedule(given["learning_rate"], minibatch_size=items)
        if optimizer.kind == "sgd" and not given["momentum"]:
            return C.sgd(parameters, rate)
    return C.universal(
        lambda parameters, gradients: written_out(optimizer, items, parameters, gradients),
        parameters)


def written_out(optimizer, items, parameters, gradients):
    """Return the function that changes every parameter and what the optimizer keeps beside it."""
    count = C.Parameter((1,), init=0, name="count")
    step = C.assign(count, count + 1.0) - 1.0
    changes = []
    for parameter, gradient in zip(parameters, gradients):
        kept = dict((slot, C.Parameter(parameter.shape, init=start, name=slot))
                    for slot, start in slots(optimizer))
        difference, after = update(
            optimizer, step, gradient * (1.0 / items), kept, C.sqrt, C.pow)
        changes.extend(C.assign(kept[slot], value) for slot, value in after.items())
        changes.append(C.assign(parameter, parameter - difference))
    return C.combine(changes)
