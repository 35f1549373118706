"""Arrays between NumPy and ND4J 1.0, copied into its own memory and out of it."""
from __future__ import absolute_import

import jpype
import numpy as np
from org.nd4j.linalg.api.buffer import DataType
from org.nd4j.linalg.api.ndarray import INDArray
from org.nd4j.linalg.factory import Nd4j


class Prepared(object):
    """Arrays of ND4J; their memory goes when this does, and not when Java notices."""

    def __init__(self, inputs, labels):
        self.inputs, self.labels = jpype.JArray(INDArray)(inputs), jpype.JArray(INDArray)(labels)

    def __del__(self):
        for array in list(self.inputs) + list(self.labels):
            array.close()


def to_java(values):
    """Return a new ND4J array with the values of NumPy's, float32 or int32."""
    kind = DataType.FLOAT if values.dtype == np.float32 else DataType.INT
    array = Nd4j.createUninitialized(kind, jpype.JArray(jpype.JLong)(values.shape), "c")
    seen(array, values.dtype)[...] = values.reshape(-1)
    return array


def to_numpy(array):
    """Return a copy of an ND4J array of float32."""
    copy = array.dup("c")
    result = seen(copy, np.float32).reshape(tuple(copy.shape())).copy()
    copy.close()
    return result


def seen(array, kind):
    """Return the elements of a new ND4J array in C order, in its own memory."""
    return np.frombuffer(memoryview(array.data().asNio()), kind)
