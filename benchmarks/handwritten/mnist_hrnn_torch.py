"""An LSTM over rows and one over row vectors on MNIST in PyTorch, written as its users write it.

    python mnist_hrnn_torch.py --data FOLDER [--epochs 5]
"""
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from epochs import read_options, report

BATCH = 32


class Hierarchical(nn.Module):
    def __init__(self):
        super().__init__()
        self.pixels = nn.LSTM(1, 128, batch_first=True)
        self.rows = nn.LSTM(128, 128, batch_first=True)
        self.classes = nn.Linear(128, 10)

    def forward(self, images):
        _, (rows, _) = self.pixels(images.flatten(0, 1))
        _, (image, _) = self.rows(rows[0].unflatten(0, (-1, 28)))
        return self.classes(image[0])


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 28, 28, 1)
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
    options = read_options(__doc__, epochs=5)
    torch.manual_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    model = Hierarchical()
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
