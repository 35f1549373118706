"""Keras on TensorFlow 1: its session, its race, and what its graph says of itself."""
from __future__ import absolute_import, division, print_function

import os

import tensorflow as tf
from keras import backend as K

#: TensorFlow's convolution is the cross-correlation that a task means.
TURNS_KERNELS = False

#: Whether kernels have their channels first where images have, whatever the version of Keras.
TURNS_CHANNELS = False

#: Whether a convolution that keeps the size pads by half of its kernel on both sides, whatever it is.
PADS_BY_HALF = False

#: Further arguments of an LSTM.
LSTM = {}


def versions():
    return {"tensorflow": tf.__version__}


def start(seed, threads):
    """Begin anew, with an empty graph and a session that has so many threads."""
    K.clear_session()
    tf.set_random_seed(seed)
    config = tf.ConfigProto(allow_soft_placement=True)
    if threads:
        config.intra_op_parallelism_threads = threads
        config.inter_op_parallelism_threads = threads
    K.set_session(tf.Session(config=config))


def gated(kind):
    """Return an optimizer's class whose updates happen after everything that they are made of.

    Keras orders them by data alone: a weight may change before the gradient of the layer below has
    read it, and the count of updates before this update has.
    """
    class Gated(kind):
        def get_gradients(self, loss, params):
            return tf.tuple(kind.get_gradients(self, loss, params))

        def get_updates(self, *arguments, **named):
            updates = kind.get_updates(self, *arguments, **named)
            counts = [one for one in updates if one.op.type == "AssignAdd"]
            others = [one for one in updates if one.op.type != "AssignAdd"]
            with tf.control_dependencies(others):
                return others + [K.update_add(self.iterations, 1) for _ in counts]

    return Gated


def read(model, variables):
    """Return the arrays of variables."""
    return K.batch_get_value(variables)


def found(model):
    """Return what is active: the session's threads, and what the operations of the graph are."""
    config = K.get_session()._config
    operations = tf.get_default_graph().get_operations()
    images = [one for one in operations if one.type in ("Conv2D", "MaxPool", "AvgPool")]
    products = [one for one in operations if one.type in ("Conv2D", "MatMul")]
    return {
        "threads": config.intra_op_parallelism_threads or "default",
        "interop_threads": config.inter_op_parallelism_threads or "default",
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS", "unset"),
        "layout": sorted(set(one.get_attr("data_format").decode("ascii") for one in images)),
        "compute_precision": sorted(set(one.outputs[0].dtype.base_dtype.name for one in products)),
        "operations": len(operations),
        "updates": updates_found(model),
    }


def updates_found(model):
    """Return whether changes of weights wait for all gradients: the function has an operation for it.

    There is no function before the first step.
    """
    if getattr(model, "train_function", None) is None:
        return "none yet"
    names = [one.name for one in tf.get_default_graph().get_operations()]
    return "gated" if any(name.endswith("tuple/group_deps") for name in names) else "stock"
