"""Fully connected networks on MNIST as Torch7's users wrote it, with torch7_nn for their packages.

    python2.7 fcnn_torch7.py --data FOLDER [--depth 4 --activation tanh] [--depth 1 --width 1024]
"""
from __future__ import division

import os
import time

import numpy as np
import torch

import torch7_nn as nn
from epochs import read_options, report

BATCH = 128
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    labels = np.load(os.path.join(folder, part + "_labels.npy"))
    return torch.from_numpy(images).float() / 255, torch.from_numpy(labels).long()


def test(model, images, labels):
    model.evaluate()
    right = sum((model.forward(x).max(1)[1] == y).sum().item()
                for x, y in zip(images.split(BATCH), labels.split(BATCH)))
    model.training()
    return right / len(labels)


def main():
    options = read_options(__doc__, epochs=10, depth=2, width=100, activation="relu")
    torch.manual_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    model, inputs = nn.Sequential(), 784
    for _ in range(options.depth):
        model.add(nn.Linear(inputs, options.width)).add(ACTIVATIONS[options.activation]())
        inputs = options.width
    model.add(nn.Linear(inputs, 10)).add(nn.LogSoftMax())
    criterion = nn.ClassNLLCriterion()
    params, grad_params = model.get_parameters()
    config = {"learning_rate": 0.1}
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = torch.randperm(len(images))[:steps * BATCH]
        batches = list(zip(images[order].split(BATCH), labels[order].split(BATCH)))
        start = time.time()
        for x, y in batches:
            def feval(params):
                grad_params.zero_()
                output = model.forward(x)
                loss = criterion.forward(output, y)
                model.backward(x, criterion.backward(output, y))
                return loss, grad_params
            _, loss = nn.sgd(feval, params, config)
        seconds = time.time() - start
        report(options, seconds, loss, test(model, test_images, test_labels))


if __name__ == "__main__":
    main()
