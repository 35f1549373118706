"""Augmentation: training images moved and mirrored anew in every epoch, outside all timing.

What becomes of an image depends on the seed, the epoch and its place in the training split alone,
so every framework and every loop sees the same images.
"""
from __future__ import absolute_import

import numpy as np

#: Keeps these draws apart from those of an epoch's order, ``RandomState(seed + epoch)``.
_STREAM = 1

#: So many images are changed at once: index arrays stay small.
_CHUNK = 2048


class Draws(object):
    """What becomes of every item of a split in one epoch.

    ``down`` and ``right`` are uniform in [-1, 1), ``mirrored`` is true for one half of the items.
    """

    def __init__(self, facts, items, seed, epoch):
        state = np.random.RandomState([seed, epoch, _STREAM])
        self.down = state.uniform(-1.0, 1.0, items)
        self.right = state.uniform(-1.0, 1.0, items)
        self.mirrored = state.uniform(0.0, 1.0, items) < 0.5
        self.shift = facts["shift"]
        if facts["flip"] != "horizontal":
            self.mirrored[:] = False

    def apply(self, images, indices):
        """Return ``images``, which are the items at ``indices``, as they are in this epoch."""
        changed = np.empty(images.shape, images.dtype)
        for start in range(0, len(images), _CHUNK):
            part = slice(start, start + _CHUNK)
            changed[part] = self._change(images[part], indices[part])
        return changed

    def _change(self, images, indices):
        """Return each image moved by whole pixels, its edges repeated, and then mirrored."""
        height, width = images.shape[1:3]
        rows = _moved(height, self.down[indices] * self.shift)
        columns = _moved(width, self.right[indices] * self.shift)
        mirrored = self.mirrored[indices]
        columns[mirrored] = columns[mirrored, ::-1]
        items = np.arange(len(images))
        return images[items[:, None, None], rows[:, :, None], columns[:, None, :]]


def _moved(size, shares):
    """Return, for each share of ``size``, the places that the new ones are taken from."""
    pixels = np.rint(shares * size).astype(np.intp)
    return np.clip(np.arange(size) - pixels[:, None], 0, size - 1)
