"""Fully connected networks on MNIST in PyTorch 1.0, written as its users wrote it.

    python2.7 fcnn_torch1.py --data FOLDER [--depth 4 --activation tanh] [--depth 1 --width 1024]
"""
from __future__ import division

import os
import time

import numpy as np
import torch
from torch import nn

from epochs import read_options, report

BATCH = 128
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    labels = np.load(os.path.join(folder, part + "_labels.npy"))
    return torch.from_numpy(images).float() / 255, torch.from_numpy(labels).long()


def test(model, images, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item()
                    for x, y in zip(images.split(BATCH), labels.split(BATCH)))
    model.train()
    return right / len(labels)


def main():
    options = read_options(__doc__, epochs=10, depth=2, width=100, activation="relu")
    torch.manual_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    layers, inputs = [], 784
    for _ in range(options.depth):
        layers += [nn.Linear(inputs, options.width), ACTIVATIONS[options.activation]()]
        inputs = options.width
    layers.append(nn.Linear(inputs, 10))
    model = nn.Sequential(*layers)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = torch.randperm(len(images))[:steps * BATCH]
        batches = list(zip(images[order].split(BATCH), labels[order].split(BATCH)))
        start = time.time()
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        seconds = time.time() - start
        report(options, seconds, loss.item(), test(model, test_images, test_labels))


if __name__ == "__main__":
    main()
