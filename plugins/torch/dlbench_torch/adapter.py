"""PyTorch 2: modules, autograd and torch.optim, as its users write a training loop."""

import contextlib
import sys

import numpy as np
import torch
from torch import nn

from adapter_base import Base
from adapter_layers import Builder
from adapter_optimizers import optimizer


class Adapter(Base):

    def __init__(self, settings):
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.seed = settings.seed
        self.device = torch.device(settings.device)
        self.channels_last = settings.axes.get("layout", "NCHW") == "NHWC"
        self.compile = settings.axes.get("compile", "off") == "on"
        if settings.device == "cuda":
            self.features = ("device_peak_memory",)

    def versions(self):
        found = {"torch": torch.__version__, "numpy": np.__version__}
        if torch.version.cuda:
            found["cuda"] = torch.version.cuda
            found["cudnn"] = str(torch.backends.cudnn.version())
        return found

    def build(self, task):
        torch.manual_seed(self.seed)
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.task = task
        builder = Builder(task, self.channels_last)
        network, self.image = builder.network()
        memory_format = torch.channels_last if self.channels_last else torch.contiguous_format
        self.network = network.to(self.device, memory_format=memory_format)
        self.weights = builder.weights
        self.images = [builder.formats[one.name] for one in task.inputs]
        self.model = torch.compile(self.network) if self.compile else self.network
        self.criterion = nn.CrossEntropyLoss(reduction=task.loss.reduction)
        self.autocast = contextlib.nullcontext
        if task.precision.compute == "bfloat16":
            self.autocast = lambda: torch.autocast(self.device.type, torch.bfloat16)
        self.schedule = None
        if task.optimizer:
            self.optimizer, self.schedule = optimizer(task.optimizer, self.network.parameters())

    def train_step(self, prepared):
        inputs, target = prepared
        self.optimizer.zero_grad()
        with self.autocast():
            logits = self.model(*inputs)
            if logits.dim() > 2 and not self.image:
                logits = logits.movedim(-1, 1)
            loss = self.criterion(logits, target)
        loss.backward()
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        self.last = loss

    def predicted(self, model, inputs):
        self.network.eval()
        with torch.inference_mode(), self.autocast():
            outputs = model(*inputs)
        self.network.train()
        return outputs

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def device_peak_memory(self):
        return torch.cuda.max_memory_allocated()

    def settings(self):
        found = Base.settings(self)
        found.update(
            interop_threads=torch.get_num_interop_threads(),
            onednn=torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled,
            cpu_capability=torch.backends.cpu.get_cpu_capability(),
            deterministic=torch.are_deterministic_algorithms_enabled())
        if self.device.type == "cuda":
            found["tf32"] = (
                torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)
            found["autotune"] = torch.backends.cudnn.benchmark
        if self.last is not None:
            found.update(compiled(), **self.look_inside())
        return found


def compiled():
    """Return the graphs that dynamo has handed to a compiler in this process, and its breaks."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    counters = dynamo.counters if dynamo else {"stats": {}, "graph_break": {}}
    return {
        "compiled_programs": counters["stats"].get("unique_graphs", 0),
        "graph_breaks": sum(counters["graph_break"].values()),
    }
