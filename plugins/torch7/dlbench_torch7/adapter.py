"""Torch7: modules forward and backward by hand, optim on one vector of all weights.  Python 2.7.

As ``model:backward`` does, a step computes the gradient of the network's inputs too.
"""
from __future__ import absolute_import, division, print_function

import os

import numpy as np
import torch

from adapter_layers import Layers
from adapter_modules import KERNELS, CrossEntropy, Linear
from adapter_optim import Optim
from adapter_spatial import SpatialConvolution
from dlbench_worker.libraries import call


class Adapter(object):
    features = ()

    def __init__(self, settings):
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.seed = settings.seed
        self.last = None

    def versions(self):
        kernels = "(THNN kernels from PyTorch {})".format(torch.__version__)
        return {"torch7": kernels, "numpy": np.__version__}

    def build(self, task):
        torch.manual_seed(self.seed)
        torch.set_grad_enabled(False)
        self.task = task
        self.network = Layers(task)
        self.flatten_weights()
        if task.optimizer:
            self.criterion = CrossEntropy(task.loss.reduction)
            self.optim = Optim(task.optimizer, self.weights, self.gradient)

    def flatten_weights(self):
        """Let all weights, and all gradients, share one vector, as ``getParameters`` does."""
        owners = [self.network.owners[one.name] for one in self.task.weights()]
        shapes = [module.shapes[role] for module, role in owners]
        lengths = [int(np.prod(shape)) for shape in shapes]
        self.weights, self.gradient = torch.zeros(sum(lengths)), torch.zeros(sum(lengths))
        parts = zip(self.weights.split(lengths), self.gradient.split(lengths))
        for (module, role), shape, (weight, gradient) in zip(owners, shapes, parts):
            module.weights[role] = weight.view(shape)
            module.gradients[role] = gradient.view(shape)

    def prepare(self, batch):
        arrays = [torch.from_numpy(array) for array in self.network.input_arrays(batch)]
        inputs = [one if one.is_floating_point() else one.long() for one in arrays]
        return inputs, torch.from_numpy(batch["target"]).long()

    def forward(self, inputs, training):
        """Return the logits; images are channels first, of anything else the last axis is of classes."""
        for node, array in zip(self.network.inputs, inputs):
            node.output = array
        for node in self.network.nodes:
            node.module.training = training
            node.output = node.module.forward(*[one.output for one in node.inputs])
        return self.network.output.output

    def backward(self, gradient):
        """Add to the gradients of all weights, from that of the logits."""
        for node in self.network.inputs + self.network.nodes:
            node.gradient = None
        self.network.output.gradient = gradient
        for node in reversed(self.network.nodes):
            if node.gradient is None:
                continue
            given = node.module.backward(node.gradient, *[one.output for one in node.inputs])
            for one, found in zip(node.inputs, given):
                one.gradient = found if one.gradient is None else one.gradient + found

    def train_step(self, prepared):
        inputs, target = prepared
        self.gradient.zero_()
        logits = self.forward(inputs, True)
        shape = logits.shape
        if logits.dim() > 2 and not self.network.image:
            logits, target = logits.view(-1, shape[-1]), target.view(-1)
        self.last = self.criterion.forward(logits, target)
        self.backward(self.criterion.backward(logits, target).view(shape))
        self.optim.step()

    def predict(self, prepared):
        outputs = self.forward(prepared[0], False)
        if self.network.image:
            outputs = outputs.permute(0, 2, 3, 1)
        if self.task.output_activation == "softmax":
            return torch.softmax(outputs, -1).numpy()
        return outputs.numpy().copy()

    def loss(self):
        return self.last.item()

    def synchronize(self):
        """Nothing is left to wait for: every call returns when it is done."""

    def get_weights(self, names=None):
        found = {}
        for name in self.network.owners if names is None else names:
            module, role = self.network.owners[name]
            found[name] = self.network.back(name, module.weights[role].numpy())
        return found

    def set_weights(self, arrays):
        for name, array in arrays.items():
            module, role = self.network.owners[name]
            module.weights[role].copy_(torch.from_numpy(self.network.there(name, array)))

    def settings(self):
        products = [one.module for one in self.network.nodes
                    if isinstance(one.module, (SpatialConvolution, Linear))]
        found = {
            # Of products, which convolutions are too; what torch itself says is always 1.
            "threads": call("libcaffe2", "MKL_Get_Max_Threads"),
            "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", "default"),
            "blas": "mkl" if torch.backends.mkl.is_available() else "other",
            "kernels": type(KERNELS).__module__,
            "precision": [number_format(self.weights)],
        }
        if self.last is not None:
            found["compute_precision"] = sorted(set(number_format(one.output) for one in products))
            found["layout"] = sorted(set(
                memory_layout(one.output) for one in products if one.output.dim() == 4))
        return found


def number_format(array):
    return str(array.dtype).replace("torch.", "")


def memory_layout(array):
    """Return NHWC or NCHW by the strides of a channels-first tensor, or either where both hold."""
    if not array.permute(0, 2, 3, 1).is_contiguous():
        return "NCHW"
    return "either" if array.is_contiguous() else "NHWC"
