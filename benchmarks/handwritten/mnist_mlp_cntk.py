"""A multilayer perceptron on MNIST in CNTK, written as its users wrote it in 2017.

    python2.7 mnist_mlp_cntk.py --data FOLDER [--epochs 20]
"""
from __future__ import division

import os
import time

import cntk as C
import numpy as np

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    labels = np.load(os.path.join(folder, part + "_labels.npy"))
    return images.astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels]


def rmsprop(parameters, gradients):
    changes = []
    for parameter, gradient in zip(parameters, gradients):
        square = C.constant(0, parameter.shape)
        gradient = gradient / BATCH
        new = C.assign(square, 0.9 * square + 0.1 * gradient * gradient)
        changes.append(C.assign(parameter, parameter - 0.001 * gradient / (C.sqrt(new) + 1e-8)))
    return C.combine(changes)


def main():
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    x, y = C.input_variable(784), C.input_variable(10)
    with C.layers.default_options(init=C.glorot_uniform()):
        model = C.layers.Sequential([
            C.layers.Dense(512, activation=C.relu), C.layers.Dropout(0.2),
            C.layers.Dense(512, activation=C.relu), C.layers.Dropout(0.2),
            C.layers.Dense(10)])(x)
    loss = C.cross_entropy_with_softmax(model, y)
    trainer = C.Trainer(model, (loss, None), [C.universal(rmsprop, model.parameters)])
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
        start = time.time()
        for batch in batches:
            trainer.train_minibatch(dict(zip((x, y), batch)))
        seconds = time.time() - start
        guesses = model.eval({x: test_images}).argmax(1)
        report(options, seconds, trainer.previous_minibatch_loss_average,
               np.mean(guesses == test_labels.argmax(1)))


if __name__ == "__main__":
    main()
