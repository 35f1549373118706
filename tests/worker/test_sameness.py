"""What a seed makes is the same on every interpreter and NumPy, bit for bit."""

from __future__ import annotations

import subprocess
from textwrap import dedent

import pytest
from real_worker import Interpreter, Worker, make_job

pytestmark = pytest.mark.worker

DIGESTS = dedent(
    """
    import hashlib
    import numpy as np
    from dlbench_worker import augment, feed, initial, task

    def show(name, array):
        print("%s %s" % (name, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()))

    shapes = {"zeros": (5,), "ones": (5,), "ones_in_forget_gate": (12,), "uniform_0.05": (9, 7)}
    for index, name in enumerate(sorted(initial.INITIALIZERS)):
        facts = {"name": "a/b", "shape": shapes.get(name, (32, 128)), "initializer": name}
        show(name, initial.make(task.Weight(facts), index, 12))

    class Input(object):
        def __init__(self, name, shape, dtype, vocabulary):
            self.name, self.shape, self.dtype = name, shape, dtype
            self.vocabulary = vocabulary

    class Task(object):
        inputs = [Input("a", (3, 4), "float32", 0), Input("b", (6,), "int32", 36)]
        target = task.Target({"classes": 10, "shape": (2,)})

    train, test = feed.load({"kind": "synthetic", "synthetic_items": 50}, Task, 12, "")
    order = feed.order(50, 12, 3)
    show("order", order.astype(np.int64))
    taken = train.take(order)
    show("a", taken["inputs"]["a"])
    show("b", taken["inputs"]["b"])
    show("target", taken["target"])

    images = np.arange(50 * 9 * 7 * 3, dtype=np.int32).reshape(50, 9, 7, 3)
    facts = {"flip": "horizontal", "shift": 0.3}
    show("augmented", augment.Draws(facts, 50, 12, 3).apply(images, np.arange(50)))
    """
)


def test_weights_data_and_order_are_the_same_everywhere(
    worker: Worker, interpreters: list[Interpreter]
) -> None:
    worker.lay_out(make_job(), "plain")
    told = {}
    for interpreter in interpreters:
        done = subprocess.run(
            [interpreter.path, "-c", DIGESTS],
            cwd=worker.inside,
            capture_output=True,
            text=True,
            check=True,
        )
        told[interpreter.version] = done.stdout.splitlines()
    assert len(told) > 1
    first, *others = told.values()
    assert len(first) == 12
    for other in others:
        assert other == first
