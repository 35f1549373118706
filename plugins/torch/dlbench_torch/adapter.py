"""PyTorch 2: modules, autograd and torch.optim, as its users write a training loop."""

import contextlib
import sys

import numpy as np
import torch
from torch import nn

from adapter_layers import Builder, channels_first, to_canonical
from dlbench_worker import Unsupported


class Adapter:
    features = ()

    def __init__(self, settings):
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.seed = settings.seed
        self.device = torch.device(settings.device)
        last = settings.axes.get("layout", "NCHW") == "NHWC"
        self.memory_format = torch.channels_last if last else torch.contiguous_format
        self.compile = settings.axes.get("compile", "off") == "on"
        self.prepared = None
        self.last = None
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
        builder = Builder(task, self.memory_format)
        network, self.image = builder.network()
        self.network = network.to(self.device, memory_format=self.memory_format)
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

    def prepare(self, batch):
        inputs = []
        for one, image in zip(self.task.inputs, self.images):
            array = torch.from_numpy(batch["inputs"][one.name])
            if image:
                array = channels_first(array, self.memory_format)
            inputs.append(array.to(self.device))
        self.prepared = inputs
        return inputs, torch.from_numpy(batch["target"]).long().to(self.device)

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

    def predict(self, prepared):
        self.network.eval()
        with torch.inference_mode(), self.autocast():
            outputs = self.model(*prepared[0])
        self.network.train()
        outputs = to_canonical(self.image)(outputs) if self.image else outputs
        if self.task.output_activation == "softmax":
            outputs = outputs.float().softmax(-1)
        return outputs.float().cpu().numpy()

    def loss(self):
        return self.last.item()

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def device_peak_memory(self):
        return torch.cuda.max_memory_allocated()

    def get_weights(self, names=None):
        return {
            name: back(parameter.detach().cpu().numpy())
            for name, (parameter, _, back) in self.weights.items()
            if names is None or name in names}

    def set_weights(self, arrays):
        for name, array in arrays.items():
            parameter, there, _ = self.weights[name]
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(there(array)))

    def settings(self):
        found = {
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "blas": "mkl" if torch.backends.mkl.is_available() else "other",
            "onednn": torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "precision": sorted({number_format(one) for one in self.network.parameters()}),
            "devices": sorted({str(one.device) for one in self.network.parameters()}),
        }
        if self.device.type == "cuda":
            found["tf32"] = (
                torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)
            found["autotune"] = torch.backends.cudnn.benchmark
        if self.last is not None:
            found.update(compiled(), **self.look_inside())
        return found

    def look_inside(self):
        """Return layouts and number formats of what products read and make, from one small pass.

        A convolution's kernel counts too: its layout is the one that was asked for, or a copy is
        made in every step.
        """
        layouts, formats = set(), set()

        def look(module, given, made):
            formats.add(number_format(made))
            if isinstance(module, nn.Conv2d):
                layouts.update(map(memory_layout, (given[0], module.weight, made)))

        hooks = [module.register_forward_hook(look)
                 for module in self.network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
        self.network.eval()
        with torch.inference_mode(), self.autocast():
            self.network(*[one[:2] for one in self.prepared])
        self.network.train()
        for hook in hooks:
            hook.remove()
        return {"layout": sorted(layouts), "compute_precision": sorted(formats)}


def compiled():
    """Return the graphs that dynamo has handed to a compiler in this process, and its breaks."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    counters = dynamo.counters if dynamo else {"stats": {}, "graph_break": {}}
    return {
        "compiled_programs": counters["stats"].get("unique_graphs", 0),
        "graph_breaks": sum(counters["graph_break"].values()),
    }


def number_format(array):
    return str(array.dtype).replace("torch.", "")


def memory_layout(array):
    """Return NHWC or NCHW by the strides of a channels-first tensor, or either where both hold."""
    last = array.is_contiguous(memory_format=torch.channels_last)
    return ("either" if array.is_contiguous() else "NHWC") if last else "NCHW"


def optimizer(wanted, parameters):
    """Return torch's optimizer, whose definitions are the written ones, and its decay or None."""
    given = wanted.parameters
    if given.get("momentum") and given["decay"]:
        raise Unsupported("torch's momentum leaves the decaying rate out of the velocity")
    parameters = [one for one in parameters if one.requires_grad]
    rate = {"lr": given["learning_rate"]}
    if wanted.kind != "sgd":
        rate["eps"] = given["epsilon"]
    made = {
        "sgd": lambda: torch.optim.SGD(
            parameters, momentum=given["momentum"], nesterov=bool(given["nesterov"]), **rate),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, alpha=given["rho"], **rate),
        "adadelta": lambda: torch.optim.Adadelta(parameters, rho=given["rho"], **rate),
        "adagrad": lambda: torch.optim.Adagrad(
            parameters, initial_accumulator_value=given["accumulator"], **rate),
        "adam": lambda: torch.optim.Adam(
            parameters, betas=(given["beta_1"], given["beta_2"]), **rate),
    }[wanted.kind]()
    decay = given["decay"]
    if not decay:
        return made, None
    return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: 1.0 / (1.0 + decay * step))
