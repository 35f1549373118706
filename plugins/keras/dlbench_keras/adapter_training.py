"""Loss and optimizer of a task in Keras' own words."""
from __future__ import absolute_import, division, print_function

import numpy as np
from keras import backend as K
from keras import optimizers

from dlbench_worker import Unsupported

_OPTIMIZERS = {
    "sgd": optimizers.SGD, "rmsprop": optimizers.RMSprop, "adadelta": optimizers.Adadelta,
    "adagrad": optimizers.Adagrad, "adam": optimizers.Adam,
}


def make_optimizer(wanted, gate):
    """Return Keras' optimizer; ``gate`` makes a class of it whose updates wait for all gradients."""
    given = dict(wanted.parameters)
    if K.backend() == "mxnet":
        refuse_on_mxnet(wanted.kind, given)
    given["lr"] = given.pop("learning_rate")
    if given.pop("accumulator", 0.0):
        raise Unsupported("Keras' Adagrad starts with an accumulator of zero")
    if "nesterov" in given:
        given["nesterov"] = bool(given["nesterov"])
    return gate(_OPTIMIZERS[wanted.kind])(**given)


def refuse_on_mxnet(kind, given):
    """Raise Unsupported where Keras' optimizer on MXNet passes over what it is given."""
    if given.get("nesterov"):
        raise Unsupported("Keras on MXNet has no Nesterov momentum")
    if kind == "adadelta" and given["learning_rate"] != 1.0:
        raise Unsupported("Keras on MXNet has no learning rate in Adadelta")
    if kind == "sgd" and given["decay"]:
        raise Unsupported("Keras on MXNet is a step ahead in the rate of all weights but the first")


def make_loss(task, sparse):
    """Return the loss as Keras takes it, the mean of what it is for each item.

    ``sparse`` is Keras' cross-entropy with labels that are whole numbers.
    """
    shape = task.target.shape
    total = task.loss.reduction == "sum"
    if not (shape or total):
        return "sparse_categorical_crossentropy"
    scale = task.batch_size * int(np.prod(shape)) if total else 1

    def reduced(labels, outputs):
        if K.backend() == "mxnet":
            # There Keras 1 takes labels of one axis alone.
            labels, outputs = K.flatten(labels), K.reshape(outputs, (-1, task.target.classes))
        losses = K.reshape(sparse(labels, outputs), (-1,) + shape)
        # Axis by axis: half a million losses, one added to another, are 1e-4 off.
        for _ in shape:
            losses = K.mean(losses, axis=-1)
        return losses * float(scale)

    return reduced
