"""The optimizers as docs/protocol.md defines them, in operations of TensorFlow 1 and 2.

TensorFlow's own differ from the definitions (RMSProp and Adagrad start their accumulators at other
values, Adam has its epsilon elsewhere), so the updates are written out.  Python 2.7 to 3.
"""
from __future__ import absolute_import, division, print_function

import tensorflow as tf

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


def update(optimizer, step, gradient, kept):
    """Return what to subtract from a weight, and the new value of each array in ``kept``.

    ``step`` counts the updates before this one (a float tensor); ``kept`` maps a slot's name to
    its tensor.
    """
    given = optimizer.parameters
    rate = given["learning_rate"]
    if given["decay"]:
        rate = rate / (1.0 + given["decay"] * step)
    return UPDATES[optimizer.kind](given, rate, step, gradient, kept)


def sgd(given, rate, step, gradient, kept):
    if not kept:
        return rate * gradient, {}
    momentum = given["momentum"]
    velocity = momentum * kept["velocity"] - rate * gradient
    if given["nesterov"]:
        return rate * gradient - momentum * velocity, {"velocity": velocity}
    return -velocity, {"velocity": velocity}


def rmsprop(given, rate, step, gradient, kept):
    square = average(given["rho"], kept["square"], tf.square(gradient))
    return rate * gradient / (tf.sqrt(square) + given["epsilon"]), {"square": square}


def adadelta(given, rate, step, gradient, kept):
    epsilon = given["epsilon"]
    square = average(given["rho"], kept["square"], tf.square(gradient))
    change = gradient * tf.sqrt(kept["change"] + epsilon) / tf.sqrt(square + epsilon)
    changes = average(given["rho"], kept["change"], tf.square(change))
    return rate * change, {"square": square, "change": changes}


def adagrad(given, rate, step, gradient, kept):
    square = kept["square"] + tf.square(gradient)
    return rate * gradient / (tf.sqrt(square) + given["epsilon"]), {"square": square}


def adam(given, rate, step, gradient, kept):
    mean = average(given["beta_1"], kept["mean"], gradient)
    square = average(given["beta_2"], kept["square"], tf.square(gradient))
    unbiased = mean / (1.0 - tf.pow(given["beta_1"], step + 1.0))
    root = tf.sqrt(square / (1.0 - tf.pow(given["beta_2"], step + 1.0)))
    return rate * unbiased / (root + given["epsilon"]), {"mean": mean, "square": square}


def average(share, old, new):
    return share * old + (1.0 - share) * new


UPDATES = {
    "sgd": sgd, "rmsprop": rmsprop, "adadelta": adadelta, "adagrad": adagrad, "adam": adam,
}
