"""An LSTM over rows and one over row vectors on MNIST in TensorFlow 2, written without Keras.

    python mnist_hrnn_tensorflow.py --data FOLDER [--epochs 5]
"""
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from epochs import read_options, report

BATCH = 32


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 28, 28, 1)
    return images.astype(np.float32) / 255, np.load(Path(folder, part + "_labels.npy"))


def glorot(*shape):
    limit = (6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1]))) ** 0.5
    return tf.Variable(tf.random.uniform(shape, -limit, limit))


class Lstm(tf.Module):
    def __init__(self, inputs, units):
        self.kernel, self.recurrent = glorot(inputs, 4 * units), glorot(units, 4 * units)
        self.bias = tf.Variable(tf.zeros(4 * units))

    def __call__(self, x):
        time_first = tf.transpose(x, (1, 0, 2))
        hidden = cell = tf.zeros((tf.shape(x)[0], self.recurrent.shape[0]))
        for step in tf.unstack(tf.nn.bias_add(tf.tensordot(time_first, self.kernel, 1), self.bias)):
            enter, forget, new, leave = tf.split(step + hidden @ self.recurrent, 4, axis=1)
            cell = tf.sigmoid(forget) * cell + tf.sigmoid(enter) * tf.tanh(new)
            hidden = tf.sigmoid(leave) * tf.tanh(cell)
        return hidden


class Network(tf.Module):
    def __init__(self):
        self.pixels, self.rows = Lstm(1, 128), Lstm(128, 128)
        self.kernel, self.bias = glorot(128, 10), tf.Variable(tf.zeros(10))

    def __call__(self, x):
        rows = tf.reshape(self.pixels(tf.reshape(x, (-1, 28, 1))), (-1, 28, 128))
        return self.rows(rows) @ self.kernel + self.bias


def main():
    options = read_options(__doc__, epochs=5)
    np.random.seed(1)
    tf.random.set_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    network = Network()
    variables = network.trainable_variables
    squares = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=y, logits=network(x)))
        gradients = tape.gradient(loss, variables)
        for variable, square, gradient in zip(variables, squares, gradients):
            square.assign(0.9 * square + 0.1 * gradient ** 2)
            variable.assign_sub(0.001 * gradient / (tf.sqrt(square) + 1e-8))
        return loss

    @tf.function
    def count_right(x, y):
        guesses = tf.argmax(network(x), 1, tf.int32)
        return tf.reduce_sum(tf.cast(guesses == y, tf.int32))

    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
        start = time.perf_counter()
        for x, y in batches:
            loss = train(x, y)
        seconds = time.perf_counter() - start
        right = sum(count_right(test_images[at:at + BATCH], test_labels[at:at + BATCH])
                    for at in range(0, len(test_images), BATCH))
        report(options, seconds, loss, right / len(test_images))


if __name__ == "__main__":
    main()
