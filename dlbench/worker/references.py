"""The oracle's arrays of one probe: written where they are made, read where others are compared.

``keep`` hands back the array to compare with, whatever the role is.  ``pieces`` does so for an
array that may be large, a piece at a time; such an array is kept in float32.
"""
from __future__ import absolute_import

import contextlib
import os

import numpy as np

#: Elements of a piece: 8 MiB in float64.
_PIECE = 1 << 20


def slices(size):
    """Return slices that together go through ``size`` elements, in their order."""
    return [slice(start, min(start + _PIECE, size)) for start in range(0, size, _PIECE)]


class Written(object):
    """Role ``make``: arrays go to the probe's folder."""

    compares = False

    def __init__(self, folder):
        self._folder = folder
        if not os.path.isdir(folder):
            os.makedirs(folder)

    def keep(self, name, found):
        """Write ``found`` in float64."""
        found = np.ascontiguousarray(found, "<f8")
        np.save(_path(self._folder, name), found)
        return found

    @contextlib.contextmanager
    def pieces(self, name, shape):
        """Yield a function that is given each piece, in order, and returns it as it was kept."""
        header = {"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}
        with open(_path(self._folder, name), "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)

            def keep(_rows, found):
                kept = found.astype("<f4")
                file.write(kept.tobytes())
                return kept.astype(np.float64)

            yield keep


class Read(object):
    """Role ``compare``: arrays come from the probe's folder; ``found`` is passed over."""

    compares = True

    def __init__(self, folder):
        self._folder = folder

    def keep(self, name, found):
        """Return what the oracle found, in float64."""
        return np.array(self._open(name, np.shape(found)), np.float64)

    @contextlib.contextmanager
    def pieces(self, name, shape):
        """Yield a function that returns the expected values of each piece, in float64."""
        flat = self._open(name, shape).reshape(-1)
        yield lambda rows, _found: flat[rows].astype(np.float64)

    def _open(self, name, shape):
        path = _path(self._folder, name)
        array = np.load(path, mmap_mode="r")
        if array.shape != tuple(shape):
            raise ValueError("%s has the shape %s, found is %s" % (path, array.shape, shape))
        return array


def _path(folder, name):
    return os.path.join(folder, name.replace("/", "__") + ".npy")
