"""One full training step of VGG16 in TensorFlow 1, written as its users wrote it in 2017.

    python2.7 vgg16_tensorflow1.py --layout NHWC --steps 5 --threads 2 [--xla]

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
import argparse
import importlib
import json
import os
import sys
import time

import numpy as np
import tensorflow as tf

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def variables(shape, inputs):
    kernel = tf.Variable(tf.random_normal(shape, stddev=(2.0 / inputs) ** 0.5))
    return kernel, tf.Variable(tf.zeros(shape[-1:]))


def vgg16(x, layout):
    window = [1, 2, 2, 1] if layout == "NHWC" else [1, 1, 2, 2]
    channels = 3
    for filters in PLAN:
        if filters == "M":
            x = tf.nn.max_pool(x, window, window, "VALID", data_format=layout)
        else:
            kernel, bias = variables([3, 3, channels, filters], 9 * channels)
            x = tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME", data_format=layout)
            x = tf.nn.relu(tf.nn.bias_add(x, bias, data_format=layout))
            channels = filters
    x = tf.reshape(x, [int(x.get_shape()[0]), -1])
    for units in (4096, 4096):
        kernel, bias = variables([int(x.get_shape()[1]), units], int(x.get_shape()[1]))
        x = tf.nn.relu(tf.matmul(x, kernel) + bias)
    kernel, bias = variables([4096, 1000], 4096)
    return tf.matmul(x, kernel) + bias


def report(result, path):
    with (open(path, "w") if path else sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def make_config(options):
    config = tf.ConfigProto()
    if options.threads:
        config.intra_op_parallelism_threads = options.threads
        config.inter_op_parallelism_threads = options.threads
        # What Intel's build asks for its other pool of threads.
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
    if options.xla:
        config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    return config


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", choices=("NHWC", "NCHW"), default="NHWC")
    parser.add_argument("--xla", action="store_true", help="with TF_XLA_FLAGS as the image has it")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    tf.set_random_seed(1)
    shape = [224, 224, 3] if options.layout == "NHWC" else [3, 224, 224]
    images = tf.placeholder(tf.float32, [options.batch_size] + shape)
    labels = tf.placeholder(tf.int32, [options.batch_size])
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=labels, logits=vgg16(images, options.layout)))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)

    generator = np.random.RandomState(1)
    batches = [
        {images: generator.random_sample([options.batch_size] + shape).astype(np.float32),
         labels: generator.randint(0, 1000, options.batch_size).astype(np.int32)}
        for _ in range(4)]
    warmup, seconds = [], []
    with tf.Session(config=make_config(options)) as session:
        session.run(tf.global_variables_initializer())
        for number in range(options.warmup + options.steps):
            kept = warmup if number < options.warmup else seconds
            start = time.time()
            value, _ = session.run([loss, train], batches[number % len(batches)])
            kept.append(time.time() - start)
            pass_on()
    report({
        "framework": "tensorflow", "version": tf.__version__, "layout": options.layout,
        "xla": options.xla, "threads": options.threads,
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": float(value)}, options.output)


if __name__ == "__main__":
    main()
