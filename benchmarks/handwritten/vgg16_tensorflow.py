"""One full training step of VGG16 in TensorFlow 2, written as its users write it without Keras.

    python vgg16_tensorflow.py --layout NHWC --steps 5 --threads 2 [--xla]

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
import argparse
import importlib
import json
import sys
import time
from contextlib import nullcontext

import numpy as np
import tensorflow as tf

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def make_variables():
    convolutions, channels = [], 3
    for filters in PLAN:
        if filters != "M":
            convolutions.append(layer((3, 3, channels, filters), 9 * channels))
            channels = filters
    dense = [layer(shape, shape[0]) for shape in ((25088, 4096), (4096, 4096), (4096, 1000))]
    return convolutions, dense


def layer(shape, inputs):
    kernel = tf.Variable(tf.random.normal(shape, stddev=(2.0 / inputs) ** 0.5))
    return kernel, tf.Variable(tf.zeros(shape[-1]))


def vgg16(x, convolutions, dense, layout):
    remaining = iter(convolutions)
    for filters in PLAN:
        if filters == "M":
            x = tf.nn.max_pool2d(x, 2, 2, "VALID", data_format=layout)
        else:
            kernel, bias = next(remaining)
            x = tf.nn.conv2d(x, kernel, 1, "SAME", data_format=layout)
            x = tf.nn.relu(tf.nn.bias_add(x, bias, data_format=layout))
    x = tf.reshape(x, (x.shape[0], -1))
    for kernel, bias in dense[:-1]:
        x = tf.nn.relu(tf.matmul(x, kernel) + bias)
    kernel, bias = dense[-1]
    return tf.matmul(x, kernel) + bias


def report(result, path):
    with open(path, "w") if path else nullcontext(sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", choices=("NHWC", "NCHW"), default="NHWC")
    parser.add_argument("--xla", action="store_true")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
        tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    tf.random.set_seed(1)
    convolutions, dense = make_variables()
    variables = [variable for pair in convolutions + dense for variable in pair]

    @tf.function(jit_compile=options.xla)
    def train(images, labels):
        with tf.GradientTape() as tape:
            logits = vgg16(images, convolutions, dense, options.layout)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        for variable, gradient in zip(variables, tape.gradient(loss, variables)):
            # The update as one pass over memory; assign_sub(0.01 * gradient) makes two.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=variable.handle, alpha=0.01, delta=gradient)
        return loss

    generator = np.random.default_rng(1)
    shape = (224, 224, 3) if options.layout == "NHWC" else (3, 224, 224)
    batches = [
        (tf.constant(generator.random((options.batch_size,) + shape, dtype=np.float32)),
         tf.constant(generator.integers(0, 1000, options.batch_size, dtype=np.int32)))
        for _ in range(4)]

    warmup = []
    for number in range(options.warmup):
        start = time.perf_counter()
        train(*batches[number % len(batches)])
        warmup.append(time.perf_counter() - start)
        pass_on()
    seconds = []
    for number in range(options.steps):
        start = time.perf_counter()
        loss = train(*batches[number % len(batches)])
        seconds.append(time.perf_counter() - start)
        pass_on()
    report({
        "framework": "tensorflow", "version": tf.__version__, "layout": options.layout,
        "xla": options.xla, "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": float(loss)}, options.output)


if __name__ == "__main__":
    main()
