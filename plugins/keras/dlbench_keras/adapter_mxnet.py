"""Keras on MXNet, in its fork keras-mxnet: threads, and what the symbol it made says of itself."""
from __future__ import absolute_import, division, print_function

import json
import os

from dlbench_worker import blas

# One of MXNet's libraries has kernels to choose from; it knows no processor of today.
blas.choose_kernels()

import mxnet as mx
import numpy as np
from mxnet.base import _LIB

#: MXNet's convolution is the cross-correlation that a task means.
TURNS_KERNELS = False

#: Whether kernels have their channels first where images have, whatever the version of Keras.
TURNS_CHANNELS = True

#: Whether a convolution that keeps the size pads by half of its kernel on both sides, whatever it is.
PADS_BY_HALF = True

#: Further arguments of an LSTM.
LSTM = {}

_BLAS = blas.inside(_LIB._name)


def versions():
    return {"mxnet": mx.__version__}


def start(seed, threads):
    """OpenMP has its threads from the environment."""
    mx.random.seed(seed)


def gated(kind):
    """Return the class as it is: MXNet's module has all gradients before it changes a weight."""
    return kind


def read(model, variables):
    """Return the arrays of variables; Keras 1 would return those that were set last."""
    if hasattr(model, "_weights_dirty"):
        model._sync_weights()
    return [one.get_bind_values()[one.name].asnumpy() for one in variables]


def found(model):
    """Return what is active: the BLAS and its threads, and what the operations of the symbol are."""
    settings = dict(
        _BLAS, threads=_LIB.omp_get_max_threads(), updates="gated",
        omp_wait_policy=os.environ.get("OMP_WAIT_POLICY", "unset"))
    for name in ("_train_sym", "_train_mxnet_symbol"):
        if hasattr(model, name):
            settings.update(describe(getattr(model, name)))
    return settings


def describe(symbol):
    """Return layouts and number formats of the operations of a symbol."""
    nodes = [node for node in json.loads(symbol.tojson())["nodes"] if node["op"] != "null"]
    images = [node for node in nodes if node["op"] in ("Convolution", "Pooling")]
    products = set(node["name"] + "_output" for node in nodes
                   if node["op"] in ("Convolution", "FullyConnected", "dot"))
    internals = symbol.get_internals()
    made = zip(internals.list_outputs(), internals.infer_type()[1] or ())
    return {
        # Where nothing is said, and the processor can do nothing else.
        "layout": sorted(set(
            node.get("attrs", node.get("attr", {})).get("layout", "NCHW").replace("None", "NCHW")
            for node in images)),
        "compute_precision": sorted(set(
            np.dtype(kind).name for name, kind in made if name in products)),
        "operations": len(nodes),
    }
