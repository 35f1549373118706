"""A multilayer perceptron on MNIST in Theano, written as its users wrote it in 2017.

    THEANO_FLAGS=floatX=float32,blas.ldflags=-lopenblas python2.7 mnist_mlp_theano.py --data FOLDER
"""
from __future__ import division

import os
import time

# An OpenBLAS older than the processor takes slow kernels, unless it is told which.
os.environ.setdefault(
    "OPENBLAS_CORETYPE", "SkylakeX" if "avx512f" in open("/proc/cpuinfo").read() else "Haswell")

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(os.path.join(folder, part + "_labels.npy"))


def layer(inputs, units):
    limit = (6 / (inputs + units)) ** 0.5
    kernel = np.random.uniform(-limit, limit, (inputs, units)).astype(np.float32)
    return theano.shared(kernel), theano.shared(np.zeros(units, np.float32))


def main():
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    random = MRG_RandomStreams(1)
    layers = [layer(784, 512), layer(512, 512), layer(512, 10)]

    def network(hidden, training):
        for kernel, bias in layers[:-1]:
            hidden = T.nnet.relu(T.dot(hidden, kernel) + bias)
            if training:
                hidden = hidden * random.binomial(hidden.shape, p=0.8, dtype="float32") / 0.8
        return T.nnet.softmax(T.dot(hidden, layers[-1][0]) + layers[-1][1])

    x, y = T.matrix("x"), T.ivector("y")
    loss = T.nnet.categorical_crossentropy(network(x, True), y).mean()
    weights = [weight for pair in layers for weight in pair]
    updates = []
    for weight, gradient in zip(weights, T.grad(loss, weights)):
        square = theano.shared(weight.get_value() * 0)
        mean = 0.9 * square + 0.1 * gradient ** 2
        updates.append((square, mean))
        updates.append((weight, weight - 0.001 * gradient / (T.sqrt(mean) + 1e-8)))
    train = theano.function([x, y], loss, updates=updates)
    accuracy = theano.function([x, y], T.eq(network(x, False).argmax(1), y).mean())

    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
        start = time.time()
        for x_batch, y_batch in batches:
            value = train(x_batch, y_batch)
        seconds = time.time() - start
        report(options, seconds, value, accuracy(test_images, test_labels))


if __name__ == "__main__":
    main()
