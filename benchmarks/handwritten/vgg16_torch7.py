"""One full training step of VGG16 as Torch7's users wrote it, with torch7_nn for their packages.

    python2.7 vgg16_torch7.py --steps 5 --threads 2

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
from __future__ import division

import argparse
import importlib
import json
import sys
import time

import numpy as np
import torch

import torch7_nn as nn

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def vgg16():
    model, channels = nn.Sequential(), 3
    for filters in PLAN:
        if filters == "M":
            model.add(nn.SpatialMaxPooling(2))
        else:
            model.add(nn.SpatialConvolution(channels, filters, 3, padding=1)).add(nn.ReLU(True))
            channels = filters
    model.add(nn.View(512 * 7 * 7))
    model.add(nn.Linear(512 * 7 * 7, 4096)).add(nn.ReLU(True))
    model.add(nn.Linear(4096, 4096)).add(nn.ReLU(True))
    model.add(nn.Linear(4096, 1000)).add(nn.LogSoftMax())
    for module in model.modules:
        if module.weight is not None:
            module.weight.normal_(0, (2 / module.weight.shape[1]) ** 0.5)
            module.bias.zero_()
    return model


def report(result, path):
    with (open(path, "w") if path else sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = vgg16()
    criterion = nn.ClassNLLCriterion()
    params, grad_params = model.get_parameters()
    config = {"learning_rate": 0.01}

    generator = np.random.RandomState(1)
    shape = (options.batch_size, 3, 224, 224)
    batches = [
        (torch.from_numpy(generator.random_sample(shape).astype(np.float32)),
         torch.from_numpy(generator.randint(0, 1000, options.batch_size)))
        for _ in range(4)]

    def step(number):
        images, labels = batches[number % len(batches)]

        def feval(params):
            grad_params.zero_()
            output = model.forward(images)
            loss = criterion.forward(output, labels)
            model.backward(images, criterion.backward(output, labels))
            return loss, grad_params

        return nn.sgd(feval, params, config)[1]

    warmup = []
    for number in range(options.warmup):
        start = time.time()
        step(number)
        warmup.append(time.time() - start)
        pass_on()
    seconds = []
    for number in range(options.steps):
        start = time.time()
        loss = step(number)
        seconds.append(time.time() - start)
        pass_on()
    report({
        "framework": "torch7", "version": torch.__version__, "threads": torch.get_num_threads(),
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": loss}, options.output)


if __name__ == "__main__":
    main()
