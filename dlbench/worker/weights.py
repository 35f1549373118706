"""Translations between canonical weight layouts and those of frameworks; for adapters.

Canonical: convolution height x width x in x out, dense in x out, embedding vocabulary x units,
LSTM kernels in x 4 units with gates in the order input, forget, candidate, output ("ifco").
Every function returns a new, contiguous array.
"""
from __future__ import absolute_import

import numpy as np


def _new(array):
    return np.array(array, order="C")


def hwio_to_oihw(kernel):
    """Convolution kernel: height x width x in x out -> out x in x height x width."""
    return _new(np.transpose(kernel, (3, 2, 0, 1)))


def oihw_to_hwio(kernel):
    """Convolution kernel: out x in x height x width -> height x width x in x out."""
    return _new(np.transpose(kernel, (2, 3, 1, 0)))


def transposed(matrix):
    """Dense or recurrent kernel: in x out <-> out x in."""
    return _new(np.transpose(matrix))


def channels_first_rows(shape):
    """Return the canonical row of each row of a dense kernel over a C x H x W flattening.

    ``shape`` is the image's (height, width, channels), as in ``layer.flattened_from``.
    """
    height, width, channels = shape
    rows = np.arange(height * width * channels).reshape(height, width, channels)
    return rows.transpose(2, 0, 1).ravel()


def rows_to_channels_first(kernel, shape):
    """Dense kernel, in x out: rows over H x W x C -> rows over C x H x W; as is without a shape."""
    if shape is None:
        return np.array(kernel)
    return _new(np.asarray(kernel)[channels_first_rows(shape)])


def rows_from_channels_first(kernel, shape):
    """Dense kernel, in x out: rows over C x H x W -> rows over H x W x C; as is without a shape."""
    if shape is None:
        return np.array(kernel)
    result = np.empty(np.shape(kernel), np.asarray(kernel).dtype)
    result[channels_first_rows(shape)] = kernel
    return result


def reorder_gates(array, source, target):
    """Reorder the gate blocks along the last axis, orders such as ``"ifco"`` and ``"ifoc"``."""
    blocks = np.split(np.asarray(array), len(source), axis=-1)
    by_gate = dict(zip(source, blocks))
    return _new(np.concatenate([by_gate[gate] for gate in target], axis=-1))
