"""One full training step of VGG16 in MXNet, written as its users wrote it in 2017.

    OMP_NUM_THREADS=2 python2.7 vgg16_mxnet.py --batch-size 4 --steps 5

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
from __future__ import print_function

import argparse
import importlib
import json
import os
import time

import mxnet as mx
import numpy as np

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def vgg16():
    x = mx.sym.Variable("data")
    for filters in PLAN:
        if filters == "M":
            x = mx.sym.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2))
        else:
            x = mx.sym.Convolution(x, num_filter=filters, kernel=(3, 3), pad=(1, 1))
            x = mx.sym.Activation(x, act_type="relu")
    x = mx.sym.Flatten(x)
    for _ in range(2):
        x = mx.sym.Activation(mx.sym.FullyConnected(x, num_hidden=4096), act_type="relu")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=1000), name="softmax")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", help="MXNet: set OMP_NUM_THREADS instead")
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    mx.random.seed(1)
    np.random.seed(1)
    size = options.batch_size
    shape = (size, 3, 224, 224)
    module = mx.mod.Module(vgg16(), context=mx.cpu())
    module.bind([("data", shape)], [("softmax_label", (size,))])
    module.init_params(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    module.init_optimizer(optimizer="sgd", optimizer_params={"learning_rate": 0.01, "wd": 0.0})
    batches = [
        mx.io.DataBatch(
            [mx.nd.array(np.random.random_sample(shape))],
            [mx.nd.array(np.random.randint(0, 1000, size))])
        for _ in range(4)]

    def step(number):
        module.forward(batches[number % len(batches)], is_train=True)
        module.backward()
        module.update()
        mx.nd.waitall()

    seconds = []
    for number in range(options.warmup + options.steps):
        start = time.time()
        step(number)
        seconds.append(time.time() - start)
        pass_on()
    last = batches[number % len(batches)].label[0].asnumpy().astype(int)
    chances = module.get_outputs()[0].asnumpy()[np.arange(size), last]
    result = json.dumps({
        "framework": "mxnet", "version": mx.__version__, "layout": "NCHW",
        "threads": os.environ.get("OMP_NUM_THREADS"), "batch_size": size,
        "warmup_seconds": seconds[:options.warmup], "step_seconds": seconds[options.warmup:],
        "total_seconds": sum(seconds[options.warmup:]),
        "loss": float(-np.log(np.maximum(chances, 1e-30)).mean())})
    if options.output:
        with open(options.output, "w") as output:
            output.write(result + "\n")
    else:
        print(result)


if __name__ == "__main__":
    main()
