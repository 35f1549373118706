"""One full training step of VGG16 in CNTK, written as its users wrote it in 2017.

    python2.7 vgg16_cntk.py --steps 5 --threads 2

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
from __future__ import division

import argparse
import importlib
import json
import sys
import time

import cntk as C
import numpy as np

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def he_normal(*shape):
    # CNTK's own he_normal() makes weights so small that nothing is left at the end.
    inputs = np.prod(shape[1:]) if len(shape) == 4 else shape[0]
    return C.parameter(init=np.random.normal(0, (2 / inputs) ** 0.5, shape).astype(np.float32))


def vgg16(x):
    channels = 3
    for filters in PLAN:
        if filters == "M":
            x = C.pooling(x, C.MAX_POOLING, (2, 2), (2, 2))
        else:
            kernel = he_normal(filters, channels, 3, 3)
            x = C.convolution(kernel, x, auto_padding=[False, True, True])
            x = C.relu(x + C.parameter((filters, 1, 1), init=0))
            channels = filters
    x = C.reshape(x, (25088,))
    for inputs, units in ((25088, 4096), (4096, 4096), (4096, 1000)):
        x = C.times(x, he_normal(inputs, units)) + C.parameter((units,), init=0)
        if units != 1000:
            x = C.relu(x)
    return x


def report(result, path):
    text = json.dumps(result) + "\n"
    if not path:
        sys.stdout.write(text)
        return
    with open(path, "w") as output:
        output.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    if options.threads:
        C.cntk_py.set_max_num_cputhreads(options.threads)
    np.random.seed(1)
    x, y = C.input_variable((3, 224, 224)), C.input_variable(1000)
    model = vgg16(x)
    loss = C.cross_entropy_with_softmax(model, y)
    rate = C.learning_parameter_schedule(0.01, minibatch_size=options.batch_size)
    trainer = C.Trainer(model, (loss, None), [C.sgd(model.parameters, rate)])
    classes = np.eye(1000, dtype=np.float32)
    batches = [
        {x: np.random.random_sample((options.batch_size, 3, 224, 224)).astype(np.float32),
         y: classes[np.random.randint(0, 1000, options.batch_size)]}
        for _ in range(4)]

    def run(count):
        seconds = []
        for number in range(count):
            start = time.time()
            trainer.train_minibatch(batches[number % len(batches)])
            seconds.append(time.time() - start)
            pass_on()
        return seconds

    warmup, seconds = run(options.warmup), run(options.steps)
    report({
        "framework": "cntk", "version": C.__version__, "layout": "NCHW",
        "threads": C.cntk_py.get_max_num_cputhreads(), "batch_size": options.batch_size,
        "warmup_seconds": warmup, "step_seconds": seconds, "total_seconds": sum(seconds),
        "loss": trainer.previous_minibatch_loss_average}, options.output)


if __name__ == "__main__":
    main()
