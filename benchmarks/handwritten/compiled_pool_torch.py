"""A silent fault of torch.compile 2.13.0 on CPUs: no gradient below a max pool of small sizes.

    python compiled_pool_torch.py [--batches 8 16] [--threads 2]

Convolution, ReLU, max pool 2, dense; 8 channels of 6 x 6.  Prints JSON: for each batch size the
loss with and without torch.compile, and the L2 norm of the difference between the gradients of the
convolution's kernel, relative to that of the eager one.  1 says that the compiled one is zero.
"""
import argparse
import json

import torch
from torch import nn


def gradient(network, function, images, labels):
    network.zero_grad()
    loss = nn.functional.cross_entropy(function(images), labels)
    loss.backward()
    return loss.item(), network[0].weight.grad.clone()


def compare(batch):
    torch._dynamo.reset()
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10))
    images, labels = torch.rand(batch, 3, 6, 6), torch.randint(0, 10, (batch,))
    loss, eager = gradient(network, network, images, labels)
    compiled_loss, compiled = gradient(network, torch.compile(network), images, labels)
    difference = float((compiled - eager).norm() / eager.norm())
    return {"batch": batch, "loss": loss, "compiled_loss": compiled_loss, "difference": difference}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = [compare(batch) for batch in options.batches]
    print(json.dumps({"version": torch.__version__, "found": found}))


if __name__ == "__main__":
    main()
