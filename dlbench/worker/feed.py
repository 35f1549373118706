"""Data: arrays from the data folder or made from the seed, and batches of them.

All that a user would do once (reading, converting, shuffling) happens here, before the clock
starts: a batch is a view on arrays that are ready.
"""
from __future__ import absolute_import

import os

import numpy as np

#: A cache line, and the widest vector of any processor here.
_ALIGNMENT_BYTES = 64


class Column(object):
    """One array of a split, items first, and how it becomes an input."""

    def __init__(self, array, shape, dtype, divide_by=1.0):
        self.array = array.reshape((len(array),) + tuple(shape))
        self.dtype = np.dtype(dtype)
        self.divide_by = divide_by

    def take(self, indices, draws=None):
        """Return the items at ``indices``, converted and divided, as a new array.

        Images are changed first where there are ``draws``.
        """
        taken = self.array[indices]
        if draws is not None and taken.ndim == 4:
            taken = draws.apply(taken, indices)
        result = aligned_empty(taken.shape, self.dtype)
        result[...] = taken
        if self.divide_by != 1.0:
            result /= self.dtype.type(self.divide_by)
        return result


class Split(object):
    """One part of the data: a column for each input, and the target's."""

    def __init__(self, inputs, target, items, draws=None):
        self.inputs = inputs
        self.target = target
        self.items = items
        self.draws = draws

    def take(self, indices):
        """Return ``{"inputs": {name: array}, "target": array}`` of the items at ``indices``."""
        inputs = dict(
            (name, column.take(indices, self.draws)) for name, column in self.inputs.items()
        )
        return {"inputs": inputs, "target": self.target.take(indices)}

    def augmented(self, draws):
        """Return this split with its images changed by ``draws``."""
        return Split(self.inputs, self.target, self.items, draws)


def aligned_empty(shape, dtype):
    """Return an array that begins at a multiple of 64 bytes, without values.

    Frameworks allocate their own so, and read others more slowly; NumPy aligns to 16.
    """
    count = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(count + _ALIGNMENT_BYTES, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT_BYTES
    return memory[start : start + count].view(dtype).reshape(shape)


def load(data, task, seed, folder):
    """Return (train, test) splits of the job's data; test is None where there is none."""
    if data["kind"] == "synthetic":
        split = _synthetic(task, seed, data["synthetic_items"])
        return split, split
    return _stored(data["train"], folder), _stored(data["test"], folder)


def order(items, seed, epoch):
    """Return the order of items in an epoch."""
    return np.random.RandomState(seed + epoch).permutation(items)


def cut(taken, batch_size):
    """Return the whole batches of ``taken`` as views; the remainder is dropped."""
    count = len(taken["target"]) // batch_size
    return [_rows(taken, index * batch_size, batch_size) for index in range(count)]


def training_batches(split, batch_size, indices, at_most=None):
    """Return the batches of an epoch in the order of ``indices``, at most so many."""
    count = len(indices) // batch_size
    if at_most is not None:
        count = min(count, at_most)
    return cut(split.take(indices[: count * batch_size]), batch_size)


def padded_batches(split, batch_size):
    """Return batches over all items in order, and how many items pad the last one."""
    padding = -split.items % batch_size
    indices = np.arange(split.items + padding) % split.items
    return cut(split.take(indices), batch_size), padding


def _rows(taken, start, count):
    rows = slice(start, start + count)
    inputs = dict((name, array[rows]) for name, array in taken["inputs"].items())
    return {"inputs": inputs, "target": taken["target"][rows]}


def _stored(split, folder):
    if split is None:
        return None
    inputs = dict((name, _column(facts, folder)) for name, facts in split["inputs"].items())
    return Split(inputs, _column(split["target"], folder), split["items"])


def _column(facts, folder):
    array = np.load(os.path.join(folder, facts["file"]), mmap_mode="r")
    return Column(array, facts["shape"], facts["dtype"], facts.get("divide_by", 1.0))


def _synthetic(task, seed, items):
    """Uniform in [0, 1) for real inputs, uniform integers for all else."""
    state = np.random.RandomState(seed)
    inputs = {}
    for one in task.inputs:
        if one.vocabulary:
            array = state.randint(0, one.vocabulary, (items,) + one.shape).astype(one.dtype)
        else:
            array = np.empty((items,) + one.shape, one.dtype)
            for item in range(items):
                array[item] = state.random_sample(one.shape)
        inputs[one.name] = Column(array, one.shape, one.dtype)
    labels = state.randint(0, task.target.classes, (items,) + task.target.shape)
    return Split(inputs, Column(labels.astype(np.int32), task.target.shape, np.int32), items)
