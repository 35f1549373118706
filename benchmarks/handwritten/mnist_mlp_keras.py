"""A multilayer perceptron on MNIST in Keras 1 or 2, written as its users wrote it in 2017.

    KERAS_BACKEND=tensorflow python2.7 mnist_mlp_keras.py --data FOLDER [--epochs 20]
"""
import os
import time

# What OpenBLAS, under Theano, does for a processor that it knows.
os.environ.setdefault(
    "OPENBLAS_CORETYPE", "SkylakeX" if "avx512f" in open("/proc/cpuinfo").read() else "Haswell")

import numpy as np
from keras.layers import Dense, Dropout
from keras.models import Sequential
from keras.optimizers import RMSprop
from keras.utils.np_utils import to_categorical

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    labels = np.load(os.path.join(folder, part + "_labels.npy"))
    return images.astype(np.float32) / 255, to_categorical(labels, 10)


def main():
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    model = Sequential([
        Dense(512, activation="relu", input_shape=(784,)), Dropout(0.2),
        Dense(512, activation="relu"), Dropout(0.2),
        Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=RMSprop(), metrics=["accuracy"])
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        x, y = images[order], labels[order]
        start = time.time()
        # Keras 1 and 2 have other names for the number of epochs: batch size, epochs, no output.
        history = model.fit(x, y, BATCH, 1, 0)
        seconds = time.time() - start
        _, accuracy = model.evaluate(test_images, test_labels, verbose=0)
        report(options, seconds, history.history["loss"][-1], accuracy)


if __name__ == "__main__":
    main()
