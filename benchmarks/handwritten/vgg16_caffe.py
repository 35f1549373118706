"""One full training step of VGG16 in Caffe, written as its users write it.

    python vgg16_caffe.py --steps 5 --batch-size 4

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from contextlib import nullcontext

import caffe
import numpy as np
from caffe import layers as L
from caffe import params as P
from caffe.proto import caffe_pb2

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
MSRA = dict(type="msra")


def vgg16(batch):
    net = caffe.NetSpec()
    net.images = x = L.Input(shape=dict(dim=[batch, 3, 224, 224]))
    net.labels = L.Input(shape=dict(dim=[batch]))
    for filters in PLAN:
        if filters == "M":
            x = L.Pooling(x, pool=P.Pooling.MAX, kernel_size=2, stride=2)
        else:
            x = L.Convolution(x, num_output=filters, kernel_size=3, pad=1, weight_filler=MSRA)
            x = L.ReLU(x, in_place=True)
    for _ in range(2):
        x = L.ReLU(L.InnerProduct(x, num_output=4096, weight_filler=MSRA), in_place=True)
    net.logits = L.InnerProduct(x, num_output=1000, weight_filler=MSRA)
    net.loss = L.SoftmaxWithLoss(net.logits, net.labels)
    return net.to_proto()


def make_solver(batch):
    solver = caffe_pb2.SolverParameter(
        train_net_param=vgg16(batch), type="SGD", base_lr=0.01, lr_policy="fixed",
        random_seed=1, solver_mode=caffe_pb2.SolverParameter.CPU)
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(str(solver))
        file.flush()
        return caffe.get_solver(file.name)


def report(result, path):
    with open(path, "w") if path else nullcontext(sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, help="set OPENBLAS_NUM_THREADS instead")
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    caffe.set_mode_cpu()
    solver = make_solver(options.batch_size)
    images, labels = (solver.net.blobs[name].data for name in ("images", "labels"))
    generator = np.random.default_rng(1)
    batches = [
        (generator.random(images.shape, dtype=np.float32),
         generator.integers(0, 1000, options.batch_size))
        for _ in range(4)]

    def step(number):
        images[...], labels[...] = batches[number % len(batches)]
        solver.step(1)

    warmup = []
    for number in range(options.warmup):
        start = time.perf_counter()
        step(number)
        warmup.append(time.perf_counter() - start)
        pass_on()
    seconds = []
    for number in range(options.steps):
        start = time.perf_counter()
        step(number)
        seconds.append(time.perf_counter() - start)
        pass_on()
    report({
        "framework": "caffe", "version": caffe.__version__, "layout": "NCHW",
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "its own choice"),
        "batch_size": options.batch_size, "warmup_seconds": warmup, "step_seconds": seconds,
        "total_seconds": sum(seconds), "loss": float(solver.net.blobs["loss"].data)},
        options.output)


if __name__ == "__main__":
    main()
