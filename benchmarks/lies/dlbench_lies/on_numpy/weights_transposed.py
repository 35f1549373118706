"""Square convolution kernels are kept width x height, and given back so that nobody sees it."""

import adapter
import numpy as np


def turned(array):
    square = array.ndim == 4 and array.shape[0] == array.shape[1]
    return np.ascontiguousarray(array.transpose(1, 0, 2, 3)) if square else array


class Adapter(adapter.Adapter):
    def get_weights(self, names=None):
        found = super().get_weights(names)
        return dict((name, turned(array)) for name, array in found.items())

    def set_weights(self, arrays):
        super().set_weights(dict((name, turned(array)) for name, array in arrays.items()))
