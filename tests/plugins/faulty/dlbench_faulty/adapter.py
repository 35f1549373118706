# -*- coding: utf-8 -*-
"""Softmax regression in NumPy that goes wrong as the axis ``fault`` says."""

import os
import signal
import subprocess
import sys
import time

import numpy as np

from dlbench_worker import Unsupported


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.fault = settings.axes["fault"]

    def versions(self):
        return {"faulty": "1.0"}

    def build(self, task):
        self.rate = task.optimizer.parameters["learning_rate"]
        self.names = [weight.name for weight in task.layers[0].weights]
        self.weights = {}
        start = getattr(self, "begin_" + self.fault, None)
        if start is not None:
            start()

    def settings(self):
        return {"fault": self.fault}

    def get_weights(self, names=None):
        return dict((name, self.weights[name].copy()) for name in names or self.names)

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.weights[name] = np.array(array, np.float32)

    def prepare(self, batch):
        return batch

    def train_step(self, prepared):
        inputs = next(iter(prepared["inputs"].values()))
        target = prepared["target"]
        output = self.predict(prepared)
        rows = np.arange(len(target))
        self.last = -np.log(output[rows, target]).mean()
        output[rows, target] -= 1
        kernel, bias = self.names
        self.weights[kernel] -= self.rate * inputs.T.dot(output) / len(target)
        if self.fault != "frozen":
            self.weights[bias] -= self.rate * output.mean(axis=0)
        if self.fault == "crash":
            os.abort()
        if self.fault == "slow":
            time.sleep(0.2)

    def predict(self, prepared):
        inputs = next(iter(prepared["inputs"].values()))
        kernel, bias = self.names
        logits = inputs.dot(self.weights[kernel]) + self.weights[bias]
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def loss(self):
        return self.last

    def synchronize(self):
        pass

    def begin_silent(self):
        os._exit(0)

    def begin_broken(self):
        self._write_result(b'{"protocol": 1, "status": "o')
        os._exit(0)

    def begin_huge(self):
        self._write_result(b" " * (100 * 2**20))
        os._exit(0)

    def _write_result(self, content):
        with open(os.path.join(sys.argv[2], "result.json"), "wb") as stream:
            stream.write(content)

    def begin_memory(self):
        self.hoard = []
        while True:
            self.hoard.append(np.ones(2**20))

    def begin_hang(self):
        time.sleep(3600)

    def begin_spawn(self):
        subprocess.Popen(["sleep", "3600"]).wait()

    def begin_deaf(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "3600"]).wait()

    def begin_lost(self):
        import faulty_framework

    def begin_error(self):
        raise ValueError("the naïve adapter failed\nand says more")

    def begin_unsupported(self):
        raise Unsupported("this machine has no such unit")

    def begin_print(self):
        sys.stdout.write("status: ok {} \x1b[31m\xff\n")
        sys.stderr.write("result.json\n")

    def begin_flood(self):
        for _ in range(200):
            sys.stdout.write("x" * 2**20 + "\n")
