"""Torch7's modules: the buffers of each and the calls of its kernels.  Python 2.7 to 3.

``forward`` takes what the modules before have made, ``backward`` the same and the gradient of what
this one made: it returns the gradient of each and adds to those of the weights.  Buffers are kept
and reused, as in Torch7.
"""
from __future__ import absolute_import, division, print_function

import torch
import torch._thnn

KERNELS = torch._thnn.type2backend["torch.FloatTensor"]


def call(kernel, *arguments):
    getattr(KERNELS, kernel)(KERNELS.library_state, *arguments)


class Module(object):
    """A module without weights.  ``weights`` and ``gradients`` have an array for each role."""

    training = True

    def __init__(self):
        #: Role of a weight -> its shape.
        self.shapes = {}
        self.weights = {}
        self.gradients = {}
        self.output = torch.Tensor()
        self.given = torch.Tensor()


class Linear(Module):
    """Matrix products of TH, as Torch7's nn.Linear has them."""

    def __init__(self, inputs, units, bias):
        Module.__init__(self)
        self.shapes = {"kernel": (units, inputs)}
        if bias:
            self.shapes["bias"] = (units,)
        self.ones = torch.Tensor()

    def forward(self, x):
        torch.mm(x, self.weights["kernel"].t(), out=self.output)
        if "bias" in self.weights:
            if len(self.ones) != len(x):
                self.ones = torch.ones(len(x))
            self.output.addr_(self.ones, self.weights["bias"])
        return self.output

    def backward(self, gradient, x):
        torch.mm(gradient, self.weights["kernel"], out=self.given)
        self.gradients["kernel"].addmm_(gradient.t(), x)
        if "bias" in self.weights:
            self.gradients["bias"].addmv_(gradient.t(), self.ones)
        return [self.given]


class CMul(Module):
    """A product with fixed factors, one for each place."""

    def __init__(self, factors):
        Module.__init__(self)
        self.factors = factors

    def forward(self, x):
        return torch.mul(x, self.factors, out=self.output)

    def backward(self, gradient, x):
        return [torch.mul(gradient, self.factors, out=self.given)]


class HardTanh(Module):
    """Bounds; from 0 to infinity it is nn.ReLU, whose own kernel is no longer among THNN's.

    With ``overwrites`` it works where it stands, as ``nn.ReLU(true)`` does.
    """

    def __init__(self, low, high, overwrites=False):
        Module.__init__(self)
        self.bounds = (low, high, overwrites)

    def forward(self, x):
        call("HardTanh_updateOutput", x, self.output, *self.bounds)
        return self.output

    def backward(self, gradient, x):
        call("HardTanh_updateGradInput", x, gradient, self.given, *self.bounds)
        return [self.given]


class ByOutput(Module):
    """An element-wise kernel whose gradient is computed from its output: Tanh, Sigmoid."""

    def __init__(self, kernel):
        Module.__init__(self)
        self.kernel = kernel

    def forward(self, x):
        call(self.kernel + "_updateOutput", x, self.output)
        return self.output

    def backward(self, gradient, x):
        call(self.kernel + "_updateGradInput", gradient, self.given, self.output)
        return [self.given]


class MulAdd(Module):
    """factor x + term."""

    def __init__(self, factor, term):
        Module.__init__(self)
        self.factor, self.term = factor, term

    def forward(self, x):
        return torch.mul(x, self.factor, out=self.output).add_(self.term)

    def backward(self, gradient, x):
        return [torch.mul(gradient, self.factor, out=self.given)]


class SoftMax(Module):
    """Over the last axis."""

    def forward(self, x):
        self.output = torch.softmax(x, -1)
        return self.output

    def backward(self, gradient, x):
        weighted = gradient * self.output
        return [weighted - self.output * weighted.sum(-1, keepdim=True)]


class Dropout(Module):

    def __init__(self, rate):
        Module.__init__(self)
        self.kept = 1.0 - rate
        self.noise = torch.Tensor()

    def forward(self, x):
        if not self.training:
            return x
        self.noise.resize_(x.shape).bernoulli_(self.kept).div_(self.kept)
        return torch.mul(x, self.noise, out=self.output)

    def backward(self, gradient, x):
        return [torch.mul(gradient, self.noise, out=self.given)]


class View(Module):
    """Another shape of each item, ``shape``."""

    def __init__(self, shape):
        Module.__init__(self)
        self.shape = tuple(shape)

    def forward(self, x):
        return x.contiguous().view(-1, *self.shape)

    def backward(self, gradient, x):
        return [gradient.contiguous().view(x.shape)]


class Transpose(Module):
    """Axes in another order; ``axes`` count the batch as 0."""

    def __init__(self, axes):
        Module.__init__(self)
        self.axes = tuple(axes)
        self.inverse = tuple(axes.index(axis) for axis in range(len(axes)))

    def forward(self, x):
        return x.permute(self.axes).contiguous()

    def backward(self, gradient, x):
        return [gradient.permute(self.inverse).contiguous()]


class LookupTable(Module):

    def __init__(self, vocabulary, units, role):
        Module.__init__(self)
        self.role = role
        self.shapes = {role: (vocabulary, units)}

    def forward(self, x):
        rows = torch.index_select(self.weights[self.role], 0, x.view(-1))
        return rows.view(*(tuple(x.shape) + (rows.shape[1],)))

    def backward(self, gradient, x):
        rows = gradient.contiguous().view(-1, gradient.shape[-1])
        self.gradients[self.role].index_add_(0, x.view(-1), rows)
        return [None]


class Replicate(Module):

    def __init__(self, times):
        Module.__init__(self)
        self.times = times

    def forward(self, x):
        return x.unsqueeze(1).expand(-1, self.times, *x.shape[1:]).contiguous()

    def backward(self, gradient, x):
        return [gradient.sum(1)]


class CAddTable(Module):

    def forward(self, *arrays):
        self.output.resize_(arrays[0].shape).copy_(arrays[0])
        for one in arrays[1:]:
            self.output.add_(one)
        return self.output

    def backward(self, gradient, *arrays):
        return [gradient.clone() for _ in arrays]


class CrossEntropy(object):
    """LogSoftMax and ClassNLLCriterion over axis 1, for one label an item or one a pixel."""

    def __init__(self, reduction):
        self.reduction = {"mean": 1, "sum": 2}[reduction]
        self.total_weight = torch.Tensor()
        self.output, self.given = torch.Tensor(), torch.Tensor()

    def kernel(self, x):
        return "SpatialClassNLLCriterion" if x.dim() == 4 else "ClassNLLCriterion"

    def forward(self, x, target):
        self.logarithms = torch.log_softmax(x, 1)
        call(self.kernel(x) + "_updateOutput", self.logarithms, target, self.output,
             self.reduction, None, self.total_weight, -100)
        return self.output

    def backward(self, x, target):
        call(self.kernel(x) + "_updateGradInput", self.logarithms, target, torch.ones(1),
             self.given, self.reduction, None, self.total_weight, -100)
        return torch._log_softmax_backward_data(self.given, self.logarithms, 1, x)
