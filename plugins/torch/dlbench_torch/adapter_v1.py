"""PyTorch 1.0: modules, autograd and torch.optim, as its users wrote a training loop.  Python 2.7."""
from __future__ import absolute_import, division, print_function

import os

import numpy as np
import torch
from torch import nn

from adapter_base import Base
from adapter_layers import Builder
from adapter_optimizers import optimizer
from dlbench_worker.libraries import call

#: What torch 1.0 defines otherwise: Adagrad has a fixed epsilon, Adam's is in front of the correction.
WRITTEN = ("adagrad", "adam")


class Adapter(Base):

    def __init__(self, settings):
        if settings.threads:
            torch.set_num_threads(settings.threads)
            # That is MKL's number alone; MKL-DNN's, for convolutions, is OpenMP's.
            call("libgomp", "omp_set_num_threads", settings.threads)
        self.seed = settings.seed
        self.device = torch.device(settings.device)
        self.channels_last = settings.axes.get("layout", "NCHW") == "NHWC"
        self.compile = settings.axes.get("compile", "off") == "on"

    def versions(self):
        return {"torch": torch.__version__, "numpy": np.__version__}

    def build(self, task):
        torch.manual_seed(self.seed)
        self.task = task
        builder = Builder(task, self.channels_last)
        network, self.image = builder.network()
        self.network = network.to(self.device, getattr(torch, task.precision.compute))
        self.weights = builder.weights
        self.images = [builder.formats[one.name] for one in task.inputs]
        self.model = torch.compile(self.network) if self.compile else self.network
        self.criterion = nn.CrossEntropyLoss(reduction=task.loss.reduction)
        self.schedule = None
        if task.optimizer:
            self.optimizer, self.schedule = optimizer(
                task.optimizer, self.network.parameters(), WRITTEN)

    def prepare(self, batch):
        inputs, target = Base.prepare(self, batch)
        # Embeddings take nothing but 64 bits here.
        self.prepared = [
            one if one.is_floating_point() else one.long() for one in inputs]
        return self.prepared, target

    def train_step(self, prepared):
        inputs, target = prepared
        self.optimizer.zero_grad()
        logits = self.model(*inputs)
        if logits.dim() > 2 and not self.image:
            logits = logits.permute(0, -1, *range(1, logits.dim() - 1))
        loss = self.criterion(logits, target)
        loss.backward()
        # A schedule of this version begins with its first step, before the update.
        if self.schedule:
            self.schedule.step()
        self.optimizer.step()
        self.last = loss

    def predicted(self, model, inputs):
        self.network.eval()
        with torch.no_grad():
            outputs = model(*inputs)
        self.network.train()
        return outputs

    def synchronize(self):
        """Nothing is left to wait for: on CPUs every call returns when it is done."""

    def settings(self):
        found = Base.settings(self)
        found["threads"] = threads()
        found["omp_wait_policy"] = os.environ.get("OMP_WAIT_POLICY", "default")
        found["compiled_programs"] = sum(
            isinstance(one, torch.jit.ScriptModule) for one in self.network.modules())
        if self.last is not None:
            found.update(self.look_inside())
        return found


def threads():
    """Return the threads of products and convolutions; what torch itself says is always 1."""
    found = set((call("libcaffe2", "MKL_Get_Max_Threads"), call("libgomp", "omp_get_max_threads")))
    return found.pop() if len(found) == 1 else "{} and {}".format(*sorted(found))
