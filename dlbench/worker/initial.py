"""Initial weights from a seed, the same bits on every NumPy.

Each weight has a random stream of its own, ``RandomState([seed, index])`` with its index among the
task's weights, so that any one of them can be made again alone.
"""
from __future__ import absolute_import

import math

import numpy as np

_CHUNK = 1 << 20


def make(weight, index, seed):
    """Return the initial float32 array of ``weight``, the ``index``-th of its task."""
    state = np.random.RandomState([seed, index])
    try:
        maker = INITIALIZERS[weight.initializer]
    except KeyError:
        raise ValueError("%s: unknown initializer %r" % (weight.name, weight.initializer))
    return maker(state, weight.shape)


def fans(shape):
    """Return (fan in, fan out) of a kernel whose last two axes are in x out."""
    field = int(np.prod(shape[:-2]))
    return field * shape[-2], field * shape[-1]


def _filled(shape, draw):
    """Fill in chunks: a large array never exists in float64."""
    result = np.empty(shape, np.float32)
    flat = result.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        part = flat[start : start + _CHUNK]
        part[...] = draw(part.size)
    return result


def _uniform(state, shape, limit):
    return _filled(shape, lambda size: state.uniform(-limit, limit, size))


def _glorot_uniform(state, shape):
    return _uniform(state, shape, math.sqrt(6.0 / sum(fans(shape))))


def _he_normal(state, shape):
    deviation = math.sqrt(2.0 / fans(shape)[0])
    return _filled(shape, lambda size: state.standard_normal(size) * deviation)


def _uniform_05(state, shape):
    return _uniform(state, shape, 0.05)


def _zeros(_, shape):
    return np.zeros(shape, np.float32)


def _ones(_, shape):
    return np.ones(shape, np.float32)


def _ones_in_forget_gate(_, shape):
    """Zero, but one for the forget gate, the second of four blocks."""
    result = np.zeros(shape, np.float32)
    units = shape[0] // 4
    result[units : 2 * units] = 1.0
    return result


def _orthogonal(state, shape):
    """Orthonormal rows, or columns where there are more rows than columns.

    Gram-Schmidt, twice, with exactly rounded sums: a library's QR differs in the last bits.
    """
    rows, columns = min(shape), max(shape)
    basis = state.standard_normal((rows, columns))
    for row in range(rows):
        for _ in range(2):
            for before in range(row):
                overlap = math.fsum((basis[row] * basis[before]).tolist())
                basis[row] -= overlap * basis[before]
        basis[row] /= math.sqrt(math.fsum((basis[row] * basis[row]).tolist()))
    result = basis if shape[0] <= shape[1] else basis.T
    return np.ascontiguousarray(result, np.float32)


INITIALIZERS = {
    "glorot_uniform": _glorot_uniform,
    "he_normal": _he_normal,
    "uniform_0.05": _uniform_05,
    "orthogonal": _orthogonal,
    "zeros": _zeros,
    "ones": _ones,
    "ones_in_forget_gate": _ones_in_forget_gate,
}
