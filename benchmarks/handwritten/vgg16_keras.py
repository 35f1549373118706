"""One full training step of VGG16 in Keras 1 (and 2, which still reads it), as in 2017.

    KERAS_BACKEND=theano python2.7 vgg16_keras.py --layout NCHW --steps 5 --threads 2

Prints JSON: the seconds of every step, the first ones (warm-up) apart, and of all steps together.
"""
import argparse
import importlib
import json
import os
import sys
import time

# What OpenBLAS, under Theano, does for a processor that it knows.
os.environ.setdefault(
    "OPENBLAS_CORETYPE", "SkylakeX" if "avx512f" in open("/proc/cpuinfo").read() else "Haswell")

import keras
import numpy as np
from keras import backend as K
from keras.layers import Convolution2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import SGD

PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def vgg16(shape, ordering):
    model = Sequential()
    given = {"input_shape": shape}
    for filters in PLAN:
        if filters == "M":
            model.add(MaxPooling2D((2, 2), dim_ordering=ordering))
        else:
            model.add(Convolution2D(
                filters, 3, 3, activation="relu", border_mode="same", init="he_normal",
                dim_ordering=ordering, **given))
            given = {}
    model.add(Flatten())
    model.add(Dense(4096, activation="relu", init="he_normal"))
    model.add(Dense(4096, activation="relu", init="he_normal"))
    model.add(Dense(1000, activation="softmax", init="he_normal"))
    return model


def report(result, path):
    output = open(path, "w") if path else sys.stdout
    output.write(json.dumps(result) + "\n")
    output.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", choices=("NHWC", "NCHW"), default="NHWC")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, help="what the container's variables say, stated")
    parser.add_argument("--turns", action="store_true", help="step by step with a rival")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    pass_on = importlib.import_module("turns").pass_on if options.turns else int

    np.random.seed(1)
    last = options.layout == "NHWC"
    shape = (224, 224, 3) if last else (3, 224, 224)
    model = vgg16(shape, "tf" if last else "th")
    model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.01))
    batches = [
        (np.random.random((options.batch_size,) + shape).astype(np.float32),
         np.eye(1000, dtype=np.float32)[np.random.randint(0, 1000, options.batch_size)])
        for _ in range(4)]

    warmup = []
    for number in range(options.warmup):
        start = time.time()
        model.train_on_batch(*batches[number % len(batches)])
        warmup.append(time.time() - start)
        pass_on()
    seconds = []
    for number in range(options.steps):
        start = time.time()
        loss = model.train_on_batch(*batches[number % len(batches)])
        seconds.append(time.time() - start)
        pass_on()
    report({
        "framework": "keras", "version": keras.__version__, "backend": K.backend(),
        "layout": options.layout, "batch_size": options.batch_size, "warmup_seconds": warmup,
        "step_seconds": seconds, "total_seconds": sum(seconds), "loss": float(loss)},
        options.output)


if __name__ == "__main__":
    main()
