"""What is active in a network: its parts are asked, and one item is predicted while ND4J takes notes."""
from __future__ import absolute_import

import os

import jpype
import numpy as np
from org.nd4j.linalg.api.ndarray import INDArray
from org.nd4j.linalg.api.ops.executioner import OpExecutioner
from org.nd4j.linalg.cpu.nativecpu.bindings import Nd4jCpu
from org.nd4j.linalg.factory import Nd4j
from org.nd4j.linalg.profiler import OpProfiler

from adapter_arrays import to_java
from dlbench_worker import blas

#: Operations that convolutions come to: ND4J's own, which oneDNN serves, or a product of matrices.
CONVOLUTIONS = {"conv2d": "conv2d", "im2col": "im2col and a product"}

#: A part of the path of the BLAS under ND4J; NumPy has one of its own.
ND4J_BLAS = "/libopenblas.so"


def active(task, layers, graph):
    """Return settings as found, of the libraries and of the graph."""
    found = blas.settings(ND4J_BLAS)
    found["blas_version"] = blas.versions(ND4J_BLAS).get("blas", "unknown")
    facts = Nd4j.getExecutioner().getEnvironmentInformation()
    found["blas_vendor"] = str(facts.get("blas.vendor"))
    found["nd4j_threads"] = int(Nd4j.getEnvironment().maxThreads())
    found["onednn"] = bool(Nd4jCpu.Environment.getInstance().isUseONEDNN())
    found["omp_wait_policy"] = os.environ.get("OMP_WAIT_POLICY", "unset")
    configuration = graph.getConfiguration()
    found["workspaces"] = str(configuration.getTrainingWorkspaceMode()).lower()
    found["java_heap"] = int(jpype.java.lang.Runtime.getRuntime().maxMemory())
    weights = [graph.getLayer(layer).params() for layer in range(graph.getNumLayers())]
    found["precision"] = sorted(set(format_of(one) for one in weights if one is not None))
    found.update(look_inside(task, layers, graph))
    return found


def look_inside(task, layers, graph):
    """Return what a prediction of one item executes and makes."""
    inputs = [
        to_java(np.zeros((1,) + layers.input_shape(one), one.dtype)) for one in task.inputs]
    executioner, profiler = Nd4j.getExecutioner(), OpProfiler.getInstance()
    profiler.reset()
    executioner.setProfilingMode(OpExecutioner.ProfilingMode.OPERATIONS)
    made = graph.feedForward(jpype.JArray(INDArray)(inputs), False)
    executioner.setProfilingMode(OpExecutioner.ProfilingMode.DISABLED)
    counts = profiler.getOpCounter()
    found = {
        "convolutions": sorted(
            CONVOLUTIONS[name] for name in CONVOLUTIONS if counts.getCount(name)),
        "layout": set(), "image_memory": set(), "compute_precision": set(), "helpers": set(),
    }
    for layer in graph.getLayers():
        array = made.get(layer.conf().getLayer().getLayerName())
        found["compute_precision"].add(format_of(array))
        if array.rank() == 4:
            look_at_images(layer, array, found)
    return dict((name, sorted(values)) for name, values in found.items())


def look_at_images(layer, array, found):
    """Add what a layer of images works with."""
    described = layer.conf().getLayer()
    if hasattr(described, "getCnn2dDataFormat"):
        kind = str(described.getCnn2dDataFormat())
        found["layout"].add(kind)
        found["image_memory"].add(memory_layout(array, kind))
    helper = layer.getHelper()
    if helper is not None:
        found["helpers"].add(str(helper.getClass().getSimpleName()))


def memory_layout(array, kind):
    """Return the order that an image's elements really lie in, or either where that says nothing."""
    channels, height, width = (1, 2, 3) if kind == "NCHW" else (3, 1, 2)
    if array.size(channels) == 1 or array.size(height) * array.size(width) == 1:
        return "either"
    return "NCHW" if array.stride(channels) > array.stride(width) else "NHWC"


def format_of(array):
    return {"FLOAT": "float32"}.get(str(array.dataType()), str(array.dataType()).lower())
