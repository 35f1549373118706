"""Keras on Theano: its threads, and what the function that it compiled says of itself."""
from __future__ import absolute_import, division, print_function

import ctypes

from dlbench_worker import blas

# Theano's compiled functions load it, long after NumPy has loaded its own.
blas.choose_kernels()
ctypes.CDLL("libopenblas.so.0")

import theano
from keras import backend as K

#: Keras gives Theano's convolution kernels as they are, which turns them.
TURNS_KERNELS = True

#: Whether kernels have their channels first where images have, whatever the version of Keras.
TURNS_CHANNELS = False

#: Whether a convolution that keeps the size pads by half of its kernel on both sides, whatever it is.
PADS_BY_HALF = True

#: Further arguments of an LSTM.
LSTM = {}

#: NumPy brings an OpenBLAS of its own; Theano's is the system's.
_BLAS = "/usr/lib/"


def versions():
    compiler = str(theano.gof.cmodule.gcc_version())
    return dict(blas.versions(_BLAS), **{"theano": theano.__version__, "g++": compiler})


def start(seed, threads):
    """Have products use so many threads; Keras draws its seeds from NumPy."""
    if threads:
        blas.set_threads(threads, _BLAS)


def gated(kind):
    """Return the class as it is: Theano computes all updates before it makes any."""
    return kind


def read(model, variables):
    """Return the arrays of variables."""
    return K.batch_get_value(variables)


def found(model):
    """Return what is active: the BLAS and its threads, and what the compiled function does."""
    settings = dict(
        blas.settings(_BLAS), openmp=theano.config.openmp, blas_flags=theano.config.blas.ldflags,
        optimizer=theano.config.optimizer, compiler=theano.config.cxx, updates="gated")
    made = [getattr(model, name + "_function", None) for name in ("train", "predict")]
    for one in filter(None, made):
        settings.update(describe(one.function.maker.fgraph.apply_nodes))
        break
    return settings


def describe(nodes):
    """Return layouts and number formats of what the operations of a compiled function are."""
    names = [type(node.op).__name__ for node in nodes]
    images = [name for name in names if name.startswith(("CorrMM", "Pool", "MaxPool", "Conv"))]
    products = [node for node, name in zip(nodes, names)
                if name.startswith(("CorrMM", "Gemm", "Dot22", "Gemv"))]
    return {
        # These operations exist for images with channels first alone.
        "layout": ["NCHW"] if images else [],
        "compute_precision": sorted(set(node.outputs[0].dtype for node in products)),
        "operations": len(names),
    }
