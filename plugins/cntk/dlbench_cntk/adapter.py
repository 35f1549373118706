"""CNTK 2.7: one function, one Trainer, arrays fed to its train_minibatch.  Python 2.7."""
from __future__ import absolute_import, division, print_function

import cntk as C
import numpy as np

from adapter_layers import Layers
from adapter_learners import make_learner
from dlbench_worker import mkl


class Adapter(object):
    features = ()

    def __init__(self, settings):
        C.try_set_default_device(C.cpu())
        C.cntk_py.set_fixed_random_seed(settings.seed)
        if settings.threads:
            C.cntk_py.set_max_num_cputhreads(settings.threads)

    def versions(self):
        return {"cntk": C.__version__, "numpy": np.__version__}

    def build(self, task):
        self.task = task
        network = self.network = Layers(task)
        self.inputs = [C.input_variable(network.input_shape(one)) for one in task.inputs]
        logits = network.network(dict(
            (one.name, variable) for one, variable in zip(task.inputs, self.inputs)))
        self.variables = network.variables
        softmax = task.output_activation == "softmax"
        self.outputs = C.softmax(logits, axis=-1) if softmax else logits
        self.target = C.input_variable(task.target.shape + (task.target.classes,))
        if task.optimizer:
            items = task.batch_size if task.loss.reduction == "mean" else 1
            learner = make_learner(task.optimizer, logits.parameters, items)
            self.trainer = C.Trainer(logits, (self.criterion(logits), None), [learner])

    def criterion(self, logits):
        """Return the loss of each item of a minibatch."""
        if not self.task.target.shape:
            return C.cross_entropy_with_softmax(logits, self.target)
        # cross_entropy_with_softmax takes one label an item.
        losses = C.reduce_log_sum_exp(logits, -1) - C.reduce_sum(logits * self.target, -1)
        reduce = C.reduce_mean if self.task.loss.reduction == "mean" else C.reduce_sum
        return reduce(losses, C.Axis.all_static_axes())

    def prepare(self, batch):
        arrays = [np.asarray(array, np.float32) for array in self.network.input_arrays(batch)]
        classes = np.arange(self.task.target.classes)
        prepared = dict(zip(self.inputs, arrays))
        prepared[self.target] = np.equal(
            batch["target"][..., np.newaxis], classes).astype(np.float32)
        return prepared

    def train_step(self, prepared):
        self.trainer.train_minibatch(prepared)

    def predict(self, prepared):
        return self.outputs.eval(dict((one, prepared[one]) for one in self.inputs))

    def loss(self):
        mean = self.trainer.previous_minibatch_loss_average
        return mean if self.task.loss.reduction == "mean" else mean * self.task.batch_size

    def synchronize(self):
        """Nothing is left to wait for: on the CPU train_minibatch returns when the step is done."""

    def get_weights(self, names=None):
        names = sorted(self.variables) if names is None else names
        return dict((name, self.network.back(name, self.variables[name].value)) for name in names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.variables[name].value = self.network.there(name, array)

    def settings(self):
        found = dict(describe(self.outputs), **mkl.settings())
        found["precision"] = sorted(set(
            np.dtype(one.dtype).name for one in self.variables.values()))
        found["device"] = str(C.use_default_device())
        return found


def describe(function):
    """Return the layout of convolutions, and the formats that products give, of a function."""
    made = [one for one in C.logging.depth_first_search(function, lambda _: True)
            if isinstance(one, C.Function)]
    convolutions = [one for one in made if one.op_name == "Convolution"]
    products = convolutions + [one for one in made if one.op_name == "Times"]
    return {
        "layout": sorted(set(layout(*one.inputs) for one in convolutions)),
        "compute_precision": sorted(set(np.dtype(one.dtype).name for one in products)),
        "operations": len(made),
    }


def layout(kernel, image):
    """Return where a convolution, whose kernels are out x in x height x width, takes channels."""
    channels = kernel.shape[1]
    if channels == 1:
        return "either"
    return "NCHW" if image.shape[0] == channels else "NHWC"
