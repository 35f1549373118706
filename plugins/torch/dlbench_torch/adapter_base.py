"""What the adapters of PyTorch 1.0 and 2 share: weights, predictions, what a small pass shows.

Python 2.7 to 3.
"""
from __future__ import absolute_import, division, print_function

import torch
from torch import nn

from adapter_layers import channels_first, to_canonical


class Base(object):
    """A subclass's ``build`` makes ``task``, ``network``, ``model``, ``weights``, ``images``, ``image``.

    ``network`` is the module, ``model`` what is called in its place (compiled, perhaps); ``weights``
    is the builder's; ``images`` says of each input whether it is handed in channels first;
    ``image`` is the shape of the image that the outputs hold channels first, or None.
    """

    features = ()
    channels_last = False
    prepared = None
    last = None

    def predicted(self, model, inputs):
        """Return what ``model`` makes of ``inputs`` in a prediction."""
        raise NotImplementedError

    def prepare(self, batch):
        inputs = []
        for one, image in zip(self.task.inputs, self.images):
            array = torch.from_numpy(batch["inputs"][one.name])
            if image:
                array = channels_first(array, self.channels_last)
            inputs.append(array.to(self.device))
        self.prepared = inputs
        return inputs, torch.from_numpy(batch["target"]).long().to(self.device)

    def predict(self, prepared):
        outputs = self.predicted(self.model, prepared[0])
        outputs = to_canonical(self.image)(outputs) if self.image else outputs
        if self.task.output_activation == "softmax":
            outputs = outputs.float().softmax(-1)
        return outputs.float().cpu().numpy()

    def loss(self):
        return self.last.item()

    def get_weights(self, names=None):
        return dict(
            (name, back(parameter.detach().cpu().numpy()))
            for name, (parameter, _, back) in self.weights.items()
            if names is None or name in names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            parameter, there, _ = self.weights[name]
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(there(array)))

    def settings(self):
        parameters = list(self.network.parameters())
        return {
            "threads": torch.get_num_threads(),
            "blas": "mkl" if torch.backends.mkl.is_available() else "other",
            "precision": sorted(set(number_format(one) for one in parameters)),
            "devices": sorted(set(str(one.device) for one in parameters)),
        }

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
        self.predicted(self.network, [one[:2] for one in self.prepared])
        for hook in hooks:
            hook.remove()
        return {"layout": sorted(layouts), "compute_precision": sorted(formats)}


def number_format(array):
    return str(array.dtype).replace("torch.", "")


def memory_layout(array):
    """Return NHWC or NCHW by the strides of a channels-first tensor, or either where both hold."""
    if not array.permute(0, 2, 3, 1).is_contiguous():
        return "NCHW"
    return "either" if array.is_contiguous() else "NHWC"
