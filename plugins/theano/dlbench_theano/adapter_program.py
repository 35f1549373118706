"""What Theano made of a function: its operations, and the libraries compiled for it."""
from __future__ import absolute_import, division, print_function

import re

import theano
from theano.tensor import blas as products
from theano.tensor.nnet import corr
from theano.tensor.signal import pool

#: Operations on images, channels first all of them, and products.
IMAGES = (corr.BaseCorrMM, pool.Pool, pool.PoolGrad)
PRODUCTS = (products.GemmRelated, theano.tensor.Dot, corr.BaseCorrMM)


def describe(function):
    """Return settings as they are found in the compiled ``function``."""
    nodes = list(every_node(function.maker.fgraph))
    return {
        "layout": ["NCHW"] if any(isinstance(node.op, IMAGES) for node in nodes) else [],
        "compute_precision": sorted(set(
            node.outputs[0].dtype for node in nodes if isinstance(node.op, PRODUCTS))),
        "operations": len(nodes),
        "compiled_libraries": compiled_libraries(),
        "linker": theano.config.linker,
        "optimizer": theano.config.optimizer,
        "openmp": theano.config.openmp,
        "blas_flags": theano.config.blas.ldflags,
        "cxxflags": theano.config.gcc.cxxflags,
        "devices": [theano.config.device],
    }


def every_node(graph):
    """Yield the operations of a compiled graph, and of the graphs of its loops."""
    for node in graph.toposort():
        yield node
        inner = getattr(node.op, "fn", None)
        if inner is not None:
            for one in every_node(inner.maker.fgraph):
                yield one


def compiled_libraries():
    """Return how many libraries out of Theano's folder this process has loaded."""
    folder = re.escape(theano.config.compiledir)
    with open("/proc/self/maps") as maps:
        return len(set(re.findall(folder + r"/\S+\.so$", maps.read(), re.MULTILINE)))
