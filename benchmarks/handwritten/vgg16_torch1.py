"""One full training step of VGG16 in PyTorch 1.0, written as its users wrote it.

    python2.7 vgg16_torch1.py --steps 5 --threads 2

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
import argparse
import importlib
import json
import sys
import time

import numpy as np
import torch
from torch import nn

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def parts():
    layers, channels = [], 3
    for filters in PLAN:
        if filters == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
            channels = filters
    return nn.Sequential(*layers), nn.Sequential(
        nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True),
        nn.Linear(4096, 4096), nn.ReLU(inplace=True),
        nn.Linear(4096, 1000))


class VGG16(nn.Module):
    def __init__(self):
        super(VGG16, self).__init__()
        self.features, self.classifier = parts()
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.constant_(module.bias, 0)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


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
    model = VGG16()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    generator = np.random.RandomState(1)
    shape = (options.batch_size, 3, 224, 224)
    batches = [
        (torch.from_numpy(generator.random_sample(shape).astype(np.float32)),
         torch.from_numpy(generator.randint(0, 1000, options.batch_size)))
        for _ in range(4)]

    def step(number):
        images, labels = batches[number % len(batches)]
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

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
        "framework": "torch", "version": torch.__version__, "threads": torch.get_num_threads(),
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": loss.item()}, options.output)


if __name__ == "__main__":
    main()
