"""The optimizers as docs/protocol.md defines them, for adapters of frameworks whose own differ.

Written in operators that arrays and symbols of any framework have; the square root is handed in,
and so is the power where a framework's symbols have no operator for it.
"""
from __future__ import absolute_import, division

import operator

#: What each optimizer keeps beside a weight.
SLOTS = {
    "sgd": (), "momentum": ("velocity",), "rmsprop": ("square",),
    "adadelta": ("square", "change"), "adagrad": ("square",), "adam": ("mean", "square"),
}


def slots(optimizer):
    """Return the (name, first value) of each array that the optimizer keeps beside a weight."""
    kind, given = optimizer.kind, optimizer.parameters
    if kind == "sgd" and given["momentum"]:
        kind = "momentum"
    start = given["accumulator"] if kind == "adagrad" else 0.0
    return [(name, start) for name in SLOTS[kind]]


def update(optimizer, step, gradient, kept, sqrt, power=operator.pow):
    """Return what to subtract from a weight, and the new value of each array in ``kept``.

    ``step`` counts the updates before this one (a float, or a symbol of one); ``kept`` maps a
    slot's name to its array; ``sqrt`` is the framework's square root of every element,
    ``power(base, exponent)`` its power of a number to a symbol.
    """
    given = optimizer.parameters
    rate = given["learning_rate"]
    if given["decay"]:
        rate = rate / (1.0 + given["decay"] * step)
    return UPDATES[optimizer.kind](given, rate, step, gradient, kept, sqrt, power)


def sgd(given, rate, step, gradient, kept, sqrt, power):
    if not kept:
        return rate * gradient, {}
    momentum = given["momentum"]
    velocity = momentum * kept["velocity"] - rate * gradient
    if given["nesterov"]:
        return rate * gradient - momentum * velocity, {"velocity": velocity}
    return -velocity, {"velocity": velocity}


def rmsprop(given, rate, step, gradient, kept, sqrt, power):
    square = average(given["rho"], kept["square"], gradient * gradient)
    return rate * gradient / (sqrt(square) + given["epsilon"]), {"square": square}


def adadelta(given, rate, step, gradient, kept, sqrt, power):
    epsilon = given["epsilon"]
    square = average(given["rho"], kept["square"], gradient * gradient)
    change = gradient * sqrt(kept["change"] + epsilon) / sqrt(square + epsilon)
    changes = average(given["rho"], kept["change"], change * change)
    return rate * change, {"square": square, "change": changes}


def adagrad(given, rate, step, gradient, kept, sqrt, power):
    square = kept["square"] + gradient * gradient
    return rate * gradient / (sqrt(square) + given["epsilon"]), {"square": square}


def adam(given, rate, step, gradient, kept, sqrt, power):
    mean = average(given["beta_1"], kept["mean"], gradient)
    square = average(given["beta_2"], kept["square"], gradient * gradient)
    unbiased = mean / (1.0 - power(given["beta_1"], step + 1.0))
    root = sqrt(square / (1.0 - power(given["beta_2"], step + 1.0)))
    return rate * unbiased / (root + given["epsilon"]), {"mean": mean, "square": square}


def average(share, old, new):
    return share * old + (1.0 - share) * new


UPDATES = {
    "sgd": sgd, "rmsprop": rmsprop, "adadelta": adadelta, "adagrad": adagrad, "adam": adam,
}
