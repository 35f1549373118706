"""One run's state: what the measuring modules share."""
from __future__ import absolute_import

import contextlib
import gc

from . import augment, feed


class Run(object):
    """A task on one adapter: its data, its clock, and what was measured so far.

    A step is ``train_step``; where the task has no optimizer it is ``predict``.
    """

    def __init__(self, job, task, adapter, clock, phases, events):
        self.job = job
        self.task = task
        self.adapter = adapter
        self.now = clock.now
        self.phases = phases
        self.events = events
        self.seed = job["settings"]["seed"]
        self.host_feed = job.get("feed", "host") == "host"
        self.trains = task.optimizer is not None
        self.step = adapter.train_step if self.trains else adapter.predict
        self.train = None
        self.test = None
        #: How the warm-up ended; empty where there was none yet.
        self.warmup = {}
        self.dropped_items = 0
        self.padded_items = 0
        self._test_batches = None
        self._prepared_test = None

    def load_data(self, folder):
        """Open or make the data."""
        self.train, self.test = feed.load(self.job["data"], self.task, self.seed, folder)
        if self.train.items < self.task.batch_size:
            raise ValueError(
                "batch size %d needs more than the %d items of the training data"
                % (self.task.batch_size, self.train.items)
            )

    def training_split(self, epoch):
        """Return the training data as they are in an epoch: augmented where the job says so."""
        facts = self.job["data"].get("augment")
        if facts is None:
            return self.train
        return self.train.augmented(augment.Draws(facts, self.train.items, self.seed, epoch))

    def order(self, epoch):
        """Return an epoch's order of items, cut to whole batches and to the plan's steps."""
        batch_size = self.task.batch_size
        steps = self.train.items // batch_size
        self.dropped_items = self.train.items - steps * batch_size
        limit = self.job["plan"].get("steps_per_epoch")
        steps = steps if limit is None else min(steps, limit)
        return feed.order(self.train.items, self.seed, epoch)[: steps * batch_size]

    def prepare(self, batch):
        """Prepare one batch and record how long that took."""
        start = self.now()
        prepared = self.adapter.prepare(batch)
        self.adapter.synchronize()
        self.phases.each("prepare", self.now() - start)
        return prepared

    def test_batches(self):
        """Return the batches of the test split (of the training data where there is none)."""
        if self._test_batches is None:
            split = self.test if self.test is not None else self.train
            self._test_batches, self.padded_items = feed.padded_batches(
                split, self.task.batch_size
            )
        return self._test_batches

    def prepared_test_batches(self):
        """Return the same batches prepared once, for a device feed."""
        if self._prepared_test is None:
            self._prepared_test = [self.prepare(batch) for batch in self.test_batches()]
        return self._prepared_test

    def test_items(self):
        """Return how many items a prediction pass has."""
        return (self.test if self.test is not None else self.train).items

    def record_first_step(self, seconds):
        """Record the first step of the build, where a framework compiles, apart."""
        if not self.phases.values("first_step"):
            self.phases.once("first_step", seconds)
            self.events.emit("first_step", name="first_step", value=seconds, unit="s")

    def record_loss(self):
        """Record the last step's loss; never inside a timed section, for it may block."""
        if self.trains:
            self.phases.each("loss", float(self.adapter.loss()), unit="1")


@contextlib.contextmanager
def quiet():
    """Keep Python's garbage collector out of a timed block; what was left is collected before."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
