"""Caffe 1.0: a net from a NetSpec, a solver that steps, batches copied into the input blobs."""
from __future__ import absolute_import, division, print_function

import tempfile

import caffe
import numpy as np
from caffe.proto import caffe_pb2

from adapter_layers import LOSS, OUTPUTS, TARGET, Layers
from dlbench_worker import Unsupported, blas

#: Where a Caffe layer keeps each of its weights.
PLACES = {"kernel": 0, "embeddings": 0, "bias": 1, "recurrent_kernel": 2}

#: Caffe's solver of an optimizer, and its names for the parameters.
SOLVERS = {
    "sgd": ("SGD", {"momentum": "momentum"}),
    "rmsprop": ("RMSProp", {"rho": "rms_decay", "epsilon": "delta"}),
    "adadelta": ("AdaDelta", {"rho": "momentum", "epsilon": "delta"}),
    "adagrad": ("AdaGrad", {"epsilon": "delta"}),
    "adam": ("Adam", {"beta_1": "momentum", "beta_2": "momentum2", "epsilon": "delta"}),
}


class Adapter(object):
    features = ()

    def __init__(self, settings):
        caffe.set_mode_cpu()
        if settings.threads:
            blas.set_threads(settings.threads)
        self.seed = settings.seed
        self.solver = None

    def versions(self):
        return dict(blas.versions(), caffe=caffe.__version__, numpy=np.__version__)

    def build(self, task):
        self.task = task
        self.layers = Layers(task)
        predicting = self.layers.net(False)
        if task.optimizer:
            solver = solver_of(task.optimizer, self.seed)
            training = self.layers.net(True)
            self.logits = training.layer[-1].bottom[0]
            solver.train_net_param.CopyFrom(training)
            solver.test_net_param.extend([predicting])
            self.solver = read(solver, caffe.get_solver)
            self.net, self.test_net = self.solver.net, self.solver.test_nets[0]
            self.test_net.share_with(self.net)
            self.fed = [self.net.blobs[name] for name in self.input_names() + [TARGET]]
        else:
            self.net = self.test_net = read(predicting, lambda name: caffe.Net(name, caffe.TEST))
        self.asked = [self.test_net.blobs[name] for name in self.input_names()]

    def input_names(self):
        return [one.name for one in self.task.inputs]

    def prepare(self, batch):
        return self.layers.input_arrays(batch) + [batch["target"]]

    def train_step(self, prepared):
        for blob, array in zip(self.fed, prepared):
            blob.data[...] = array
        self.solver.step(1)

    def predict(self, prepared):
        for blob, array in zip(self.asked, prepared):
            blob.data[...] = array
        self.test_net.forward()
        # A copy: the next pass writes to the same memory.
        outputs = self.test_net.blobs[OUTPUTS].data.copy()
        return outputs.transpose(0, 2, 3, 1) if self.layers.makes_images else outputs

    def loss(self):
        """Return the loss as Caffe has it, or added again where an item has many labels.

        Caffe adds one after another in float32: of half a million it loses the third digit.  No
        gradient comes of that sum.
        """
        if not self.task.target.shape:
            return float(self.net.blobs[LOSS].data)
        logits, target = (self.net.blobs[name].data for name in (self.logits, TARGET))
        axis = 0 if self.layers.makes_images else -1
        total = sum(cross_entropy(*pair, axis=axis) for pair in zip(logits, target))
        return total if self.task.loss.reduction == "sum" else total / target.size

    def synchronize(self):
        """Nothing runs behind: a step returns when it is done."""

    def weight(self, name):
        """Return the array that Caffe keeps the weight in."""
        layer, role = name.rsplit("/", 1)
        return self.net.params[layer][PLACES[role]].data

    def get_weights(self, names=None):
        names = [one.name for one in self.task.weights()] if names is None else names
        return {name: self.layers.back(name, self.weight(name)) for name in names}

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.weight(name)[...] = self.layers.there(name, array)

    def settings(self):
        weights = [blob.data for blobs in self.net.params.values() for blob in blobs]
        found = blas.settings()
        found["precision"] = sorted({array.dtype.name for array in weights})
        found["loss_added_in"] = "float64" if self.task.target.shape else "float32"
        if self.solver and self.solver.iter:
            found.update(look_inside(self.net))
        return found


def solver_of(optimizer, seed):
    """Return the SolverParameter, without nets, whose update is the optimizer's."""
    given = optimizer.parameters
    if given.get("accumulator"):
        raise Unsupported("Caffe's AdaGrad starts its sums at zero")
    kind, names = SOLVERS[optimizer.kind]
    values = {name: given[one] for one, name in names.items()}
    # Its own tests never run: predictions are asked for.
    return caffe_pb2.SolverParameter(
        type="Nesterov" if given.get("nesterov") else kind, base_lr=given["learning_rate"],
        lr_policy="inv", gamma=given["decay"], power=1.0, random_seed=seed, solver_mode=0,
        test_iter=[1], test_interval=2**31 - 1, test_initialization=False, **values)


def cross_entropy(logits, target, axis):
    """Return the sum over one item's labels, in float64; classes are along ``axis``."""
    logits = np.moveaxis(logits, axis, -1).astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    wanted = np.take_along_axis(logits, target[..., None].astype(int), -1)
    return float(np.log(np.exp(logits).sum(-1)).sum() - wanted.sum())


def read(message, reader):
    """Return what ``reader`` makes of a file with the message, the one form that Caffe reads."""
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(str(message))
        file.flush()
        return reader(file.name)


def look_inside(net):
    """Return layouts and number formats of what convolutions and products read and make."""
    layouts, formats = set(), set()
    for name, layer in zip(net._layer_names, net.layers):
        arrays = [net.blobs[one].data for one in net.bottom_names[name] + net.top_names[name]]
        if layer.type in ("Convolution", "Pooling"):
            layouts.update(map(memory_layout, arrays))
        if layer.type in ("Convolution", "InnerProduct", "LSTM"):
            formats.update(array.dtype.name for array in arrays)
    return {"layout": sorted(layouts), "compute_precision": sorted(formats)}


def memory_layout(array):
    """Return NCHW of images channels first one after another, or either where that says nothing."""
    _, channels, height, width = array.shape
    if channels == 1 or height * width == 1:
        return "either"
    return "NCHW" if array.flags.c_contiguous else "other"
