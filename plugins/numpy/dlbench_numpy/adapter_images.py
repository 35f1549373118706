"""Convolution and pooling over batch x height x width x channels."""
from __future__ import absolute_import

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adapter_layers import Layer

#: Unfolded windows are made for so many bytes at a time.
_CHUNK_BYTES = 32 << 20


def same_padding(size, window, stride):
    """Return (before, after): so much that the output has ceil(size / stride); extra goes after."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


class _Windowed(Layer):
    """What convolution and pooling share: padding, and the windows of an array."""

    #: A convolution's padded input, batch x height x width x channels.
    read = None

    def __init__(self, facts, dtype, seed, window):
        Layer.__init__(self, facts, dtype, seed)
        self._window = tuple(window)
        self._strides = tuple(facts.parameters["strides"])
        self._padding = ((0, 0), (0, 0))
        if facts.parameters["padding"] == "same":
            height, width, _ = facts.input_shapes[0]
            self._padding = (
                same_padding(height, self._window[0], self._strides[0]),
                same_padding(width, self._window[1], self._strides[1]),
            )
        self._out = facts.output_shape[:2]

    def _pad(self, array, value=0):
        if self._padding == ((0, 0), (0, 0)):
            return array
        (top, bottom), (left, right) = self._padding
        batch, height, width, channels = array.shape
        shape = (batch, height + top + bottom, width + left + right, channels)
        padded = np.full(shape, value, array.dtype)
        padded[:, top : top + height, left : left + width] = array
        return padded

    def _unpad(self, array):
        (top, _), (left, _) = self._padding
        height, width = self.facts.input_shapes[0][:2]
        return array[:, top : top + height, left : left + width]

    def _offsets(self):
        return [(i, j) for i in range(self._window[0]) for j in range(self._window[1])]

    def _at(self, array, i, j):
        """Return the view with element (i, j) of every window."""
        rows = slice(i, i + self._strides[0] * (self._out[0] - 1) + 1, self._strides[0])
        columns = slice(j, j + self._strides[1] * (self._out[1] - 1) + 1, self._strides[1])
        return array[:, rows, columns]


class Convolution(_Windowed):
    """Cross-correlation as matrix products over unfolded windows, some output rows at a time."""

    def __init__(self, facts, dtype, seed):
        _Windowed.__init__(self, facts, dtype, seed, facts.parameters["kernel"])

    def forward(self, inputs, training):
        self.read = np.ascontiguousarray(self._pad(inputs[0]))
        kernel = self.weights["kernel"].reshape(-1, self.weights["kernel"].shape[-1])
        output = np.empty((len(inputs[0]),) + self.facts.output_shape, self.dtype)
        for image, rows in self._chunks(len(output)):
            part = output[image, rows]
            np.dot(self._unfolded(image, rows), kernel, out=part.reshape(-1, part.shape[-1]))
        if "bias" in self.weights:
            output += self.weights["bias"]
        return output

    def backward(self, gradient):
        gradient = np.ascontiguousarray(gradient)
        shape = self.weights["kernel"].shape
        kernel = self.weights["kernel"].reshape(-1, shape[-1])
        of_kernel = np.zeros_like(kernel)
        of_input = None if self.input_is_data else np.zeros_like(self.read)
        for image, rows in self._chunks(len(gradient)):
            part = gradient[image, rows].reshape(-1, shape[-1])
            of_kernel += np.dot(self._unfolded(image, rows).T, part)
            if of_input is not None:
                self._fold(of_input, image, rows, np.dot(part, kernel.T))
        self.gradients["kernel"] = of_kernel.reshape(shape)
        if "bias" in self.weights:
            self.gradients["bias"] = gradient.sum(axis=(0, 1, 2))
        return [None if of_input is None else self._unpad(of_input)]

    def _chunks(self, batch):
        """Yield (images, output rows) so that the unfolded windows of each fit the bound."""
        kernel = self.weights["kernel"]
        row_bytes = self._out[1] * kernel[..., 0].size * kernel.itemsize
        fitting = max(1, _CHUNK_BYTES // row_bytes)
        images = max(1, fitting // self._out[0])
        if images > 1 or fitting >= self._out[0]:
            for start in range(0, batch, images):
                yield slice(start, min(start + images, batch)), slice(0, self._out[0])
            return
        for image in range(batch):
            for start in range(0, self._out[0], fitting):
                yield slice(image, image + 1), slice(start, min(start + fitting, self._out[0]))

    def _unfolded(self, images, rows):
        """Return the windows of some output rows as a matrix: a window a row."""
        part = self.read[images, rows.start * self._strides[0] :]
        batch, channels = len(part), part.shape[-1]
        steps = part.strides
        windows = as_strided(
            part,
            (batch, rows.stop - rows.start, self._out[1]) + self._window + (channels,),
            (steps[0], steps[1] * self._strides[0], steps[2] * self._strides[1]) + steps[1:],
        )
        return windows.reshape(-1, self._window[0] * self._window[1] * channels)

    def _fold(self, total, images, rows, windows):
        """Add windows back to where they were taken from."""
        count = rows.stop - rows.start
        part = total[images, rows.start * self._strides[0] :]
        channels = part.shape[-1]
        windows = windows.reshape((len(part), count, self._out[1]) + self._window + (channels,))
        high, wide = self._strides
        for i, j in self._offsets():
            target = part[:, i : i + high * (count - 1) + 1 : high]
            target[:, :, j : j + wide * (self._out[1] - 1) + 1 : wide] += windows[:, :, :, i, j]


class MaxPool(_Windowed):
    """The first of equal maxima, in row-major order, takes the gradient; padding never wins."""

    def __init__(self, facts, dtype, seed):
        _Windowed.__init__(self, facts, dtype, seed, facts.parameters["size"])

    def forward(self, inputs, training):
        padded = self._pad(inputs[0], -np.inf)
        self._shape = padded.shape
        output = None
        for index, (i, j) in enumerate(self._offsets()):
            value = self._at(padded, i, j)
            if output is None:
                output = value.copy()
                self._winner = np.zeros(output.shape, np.int16)
                continue
            self._winner[value > output] = index
            np.maximum(output, value, out=output)
        return output

    def backward(self, gradient):
        total = np.zeros(self._shape, self.dtype)
        for index, (i, j) in enumerate(self._offsets()):
            self._at(total, i, j)[...] += gradient * (self._winner == index)
        return [self._unpad(total)]


class AveragePool(_Windowed):
    """The mean over those elements of a window that lie inside the image."""

    def __init__(self, facts, dtype, seed):
        _Windowed.__init__(self, facts, dtype, seed, facts.parameters["size"])
        inside = self._pad(np.ones((1,) + facts.input_shapes[0][:2] + (1,), dtype))
        self._counts = sum(self._at(inside, i, j) for i, j in self._offsets())

    def forward(self, inputs, training):
        padded = self._pad(inputs[0])
        self._shape = padded.shape
        return sum(self._at(padded, i, j) for i, j in self._offsets()) / self._counts

    def backward(self, gradient):
        share = gradient / self._counts
        total = np.zeros(self._shape, self.dtype)
        for i, j in self._offsets():
            self._at(total, i, j)[...] += share
        return [self._unpad(total)]
