"""A multilayer perceptron on MNIST in TensorFlow 2, written without Keras.

    python mnist_mlp_tensorflow.py --data FOLDER [--epochs 20]
"""
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(Path(folder, part + "_labels.npy"))


def glorot(*shape):
    limit = (6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1]))) ** 0.5
    return tf.Variable(tf.random.uniform(shape, -limit, limit))


class Network(tf.Module):
    def __init__(self):
        self.kernels = [glorot(784, 512), glorot(512, 512), glorot(512, 10)]
        self.biases = [tf.Variable(tf.zeros(kernel.shape[-1])) for kernel in self.kernels]

    def __call__(self, x, training):
        for kernel, bias in zip(self.kernels[:-1], self.biases):
            x = tf.nn.relu(x @ kernel + bias)
            if training:
                x = tf.nn.dropout(x, 0.2)
        return x @ self.kernels[-1] + self.biases[-1]


def main():
    options = read_options(__doc__, epochs=20)
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
                labels=y, logits=network(x, training=True)))
        gradients = tape.gradient(loss, variables)
        for variable, square, gradient in zip(variables, squares, gradients):
            square.assign(0.9 * square + 0.1 * gradient ** 2)
            variable.assign_sub(0.001 * gradient / (tf.sqrt(square) + 1e-8))
        return loss

    @tf.function
    def count_right(x, y):
        guesses = tf.argmax(network(x, training=False), 1, tf.int32)
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
