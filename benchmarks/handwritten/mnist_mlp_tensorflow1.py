"""A multilayer perceptron on MNIST in TensorFlow 1, written as its users wrote it in 2017.

    python2.7 mnist_mlp_tensorflow1.py --data FOLDER [--epochs 20]
"""
from __future__ import division

import os
import time

import numpy as np
import tensorflow as tf

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(os.path.join(folder, part + "_labels.npy"))


def dense(x, units):
    inputs = int(x.get_shape()[1])
    limit = (6 / (inputs + units)) ** 0.5
    kernel = tf.Variable(tf.random_uniform([inputs, units], -limit, limit))
    return tf.matmul(x, kernel) + tf.Variable(tf.zeros([units]))


def main():
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    tf.set_random_seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    x = hidden = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.int32, [None])
    kept = tf.placeholder(tf.float32)
    for _ in range(2):
        hidden = tf.nn.dropout(tf.nn.relu(dense(hidden, 512)), kept)
    logits = dense(hidden, 10)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.RMSPropOptimizer(0.001, 0.9, epsilon=1e-8).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, y, 1), tf.float32))
    steps = min(options.steps, len(images) // BATCH)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(options.epochs):
            order = np.random.permutation(len(images))[:steps * BATCH]
            batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
            start = time.time()
            for batch in batches:
                _, value = session.run([train, loss], {x: batch[0], y: batch[1], kept: 0.8})
            seconds = time.time() - start
            report(options, seconds, value,
                   session.run(accuracy, {x: test_images, y: test_labels, kept: 1.0}))


if __name__ == "__main__":
    main()
