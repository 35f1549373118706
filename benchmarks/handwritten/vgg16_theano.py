"""One full training step of VGG16 in Theano, written as its users wrote it in 2017.

    THEANO_FLAGS=floatX=float32,blas.ldflags=-lopenblas python2.7 vgg16_theano.py --steps 5

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
from __future__ import division

import argparse
import importlib
import json
import os
import sys
import time

# An OpenBLAS older than the processor takes slow kernels, unless it is told which.
os.environ.setdefault(
    "OPENBLAS_CORETYPE", "SkylakeX" if "avx512f" in open("/proc/cpuinfo").read() else "Haswell")

import numpy as np
import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def layer(shape, inputs, units):
    kernel = np.random.normal(0, (2 / inputs) ** 0.5, shape).astype(np.float32)
    return theano.shared(kernel), theano.shared(np.zeros(units, np.float32))


def vgg16(x):
    """Return the class probabilities of images (channels first), and all weights."""
    weights, channels = [], 3
    for filters in PLAN:
        if filters == "M":
            x = pool_2d(x, (2, 2), ignore_border=True)
        else:
            kernel, bias = layer((filters, channels, 3, 3), 9 * channels, filters)
            x = T.nnet.conv2d(x, kernel, border_mode="half", filter_flip=False)
            x = T.nnet.relu(x + bias.dimshuffle("x", 0, "x", "x"))
            weights += [kernel, bias]
            channels = filters
    x = x.flatten(2)
    for inputs, units in ((25088, 4096), (4096, 4096), (4096, 1000)):
        kernel, bias = layer((inputs, units), inputs, units)
        x = T.dot(x, kernel) + bias
        x = T.nnet.relu(x) if units > 1000 else T.nnet.softmax(x)
        weights += [kernel, bias]
    return x, weights


def report(result, path):
    with open(path, "w") if path else sys.stdout as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int
    if options.threads:
        # Read by OpenBLAS, which the first compiled function loads.
        os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

    np.random.seed(1)
    images, labels = T.tensor4(), T.ivector()
    outputs, weights = vgg16(images)
    loss = T.nnet.categorical_crossentropy(outputs, labels).mean()
    updates = [(weight, weight - 0.01 * gradient)
               for weight, gradient in zip(weights, T.grad(loss, weights))]
    train = theano.function([images, labels], loss, updates=updates)

    shape = (options.batch_size, 3, 224, 224)
    batches = [(np.random.random_sample(shape).astype(np.float32),
                np.random.randint(0, 1000, options.batch_size).astype(np.int32))
               for _ in range(4)]
    warmup = []
    for number in range(options.warmup):
        start = time.time()
        train(*batches[number % len(batches)])
        warmup.append(time.time() - start)
        pass_on()
    seconds = []
    for number in range(options.steps):
        start = time.time()
        value = train(*batches[number % len(batches)])
        seconds.append(time.time() - start)
        pass_on()
    report({
        "framework": "theano", "version": theano.__version__, "layout": "NCHW",
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": float(value)}, options.output)


if __name__ == "__main__":
    main()
