"""A multilayer perceptron on MNIST in PyTorch, written as its users write it.

    python mnist_mlp_torch.py --data FOLDER [--epochs 20]
"""
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 784)
    labels = np.load(Path(folder, part + "_labels.npy"))
    return torch.from_numpy(images).float() / 255, torch.from_numpy(labels).long()


def test(model, images, labels):
    model.eval()
    with torch.inference_mode():
        right = sum((model(x).argmax(1) == y).sum().item()
                    for x, y in zip(images.split(BATCH), labels.split(BATCH)))
    model.train()
    return right / len(labels)


def main():
    options = read_options(__doc__, epochs=20)
    torch.manual_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9)
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = torch.randperm(len(images))[:steps * BATCH]
        batches = list(zip(images[order].split(BATCH), labels[order].split(BATCH)))
        start = time.perf_counter()
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - start
        report(options, seconds, loss.item(), test(model, test_images, test_labels))


if __name__ == "__main__":
    main()
