"""Torch7's modules for images: batch x channels x height x width, in memory too.  Python 2.7 to 3."""
from __future__ import absolute_import, division, print_function

import torch

from adapter_modules import Module, call


def widths_first(*pairs):
    """Return each (height, width) the other way round, one after another, as kernels take them."""
    return tuple(size for pair in pairs for size in reversed(pair))


class SpatialConvolution(Module):
    """A convolution by one matrix product an image; ``padding`` is the same on both sides."""

    def __init__(self, channels, filters, window, strides, padding, bias):
        Module.__init__(self)
        self.shapes = {"kernel": (filters, channels * window[0] * window[1])}
        if bias:
            self.shapes["bias"] = (filters,)
        self.geometry = widths_first(window, strides, padding)
        self.columns = (torch.Tensor(), torch.Tensor())

    def forward(self, x):
        call("SpatialConvolutionMM_updateOutput", x, self.output, self.weights["kernel"],
             self.weights.get("bias"), *(self.columns + self.geometry))
        return self.output

    def backward(self, gradient, x):
        given = self.columns + self.geometry
        call("SpatialConvolutionMM_updateGradInput", x, gradient, self.given,
             self.weights["kernel"], *given)
        call("SpatialConvolutionMM_accGradParameters", x, gradient, self.gradients["kernel"],
             self.gradients.get("bias"), *(given + (1.0,)))
        return [self.given]


class SpatialMaxPooling(Module):

    def __init__(self, window, strides, padding):
        Module.__init__(self)
        dilation, ceil = (1, 1), (False,)
        self.geometry = widths_first(window, strides, padding) + dilation + ceil
        self.places = torch.LongTensor()

    def forward(self, x):
        call("SpatialDilatedMaxPooling_updateOutput", x, self.output, self.places, *self.geometry)
        return self.output

    def backward(self, gradient, x):
        call("SpatialDilatedMaxPooling_updateGradInput", x, gradient, self.given, self.places,
             *self.geometry)
        return [self.given]


class SpatialAveragePooling(Module):

    def __init__(self, window, strides, padding):
        Module.__init__(self)
        ceil, padding_counts = False, False
        self.geometry = widths_first(window, strides, padding) + (ceil, padding_counts)

    def forward(self, x):
        call("SpatialAveragePooling_updateOutput", x, self.output, *self.geometry)
        return self.output

    def backward(self, gradient, x):
        call("SpatialAveragePooling_updateGradInput", x, gradient, self.given, *self.geometry)
        return [self.given]


class SpatialPadding(Module):
    """``value`` around an image; ``sides`` are ((top, bottom), (left, right))."""

    def __init__(self, sides, value):
        Module.__init__(self)
        self.sides = sides
        self.value = value

    def inside(self, padded, x):
        (top, _), (left, _) = self.sides
        return padded.narrow(2, top, x.shape[2]).narrow(3, left, x.shape[3])

    def forward(self, x):
        height, width = (size + sum(pair) for size, pair in zip(x.shape[2:], self.sides))
        self.output.resize_(x.shape[0], x.shape[1], height, width).fill_(self.value)
        self.inside(self.output, x).copy_(x)
        return self.output

    def backward(self, gradient, x):
        return [self.given.resize_(x.shape).copy_(self.inside(gradient, x))]
