"""A parity run: probes in place of measurements, each on a fresh adapter.

Numbers are reported, not judged.  Nothing is timed but each probe as a whole.
"""
from __future__ import absolute_import

import gc
import os

import numpy as np

from .dropout_probe import observe_dropout
from .network_probes import observe_gradients, observe_network
from .optimizer_probe import observe_optimizer
from .references import Read, Written
from .task import Task

KINDS = {
    "network": observe_network,
    "gradients": observe_gradients,
    "optimizer": observe_optimizer,
    "dropout": observe_dropout,
}


class Bench(object):
    """A probe's task, built on a fresh adapter, with the steps that all probes share.

    ``references`` has the oracle's arrays, ``steps`` and ``batches`` are the probe's.
    """

    def __init__(self, probe, adapter, seed, references, now, events):
        self.task = Task(probe["task"])
        self.adapter = adapter
        self.seed = seed
        self.references = references
        self.steps = probe["steps"]
        self.batches = probe.get("batches", 1)
        self.items = probe.get("items") or self.task.batch_size
        self.settings = {}
        self._name = probe["name"]
        self._now = now
        self._events = events
        adapter.build(self.task)
        adapter.synchronize()

    def built(self):
        """Note the settings that are active once the weights are set."""
        self.settings["built"] = self.adapter.settings()

    def set_weights(self, arrays):
        """Set weights from (name, array) pairs, one at a time."""
        for name, array in arrays:
            self.adapter.set_weights({name: array})

    def weight(self, name):
        """Return a weight as it is now."""
        return np.asarray(self.adapter.get_weights([name])[name])

    def step(self, batch, index):
        """Train on a batch and return the loss."""
        start = self._now()
        self.adapter.train_step(self.adapter.prepare(batch))
        self.adapter.synchronize()
        loss = float(self.adapter.loss())
        seconds = self._now() - start
        self._events.progress("parity %s step" % self._name, index + 1, self.steps, seconds)
        return loss

    def predict(self, batch):
        """Return a copy of the outputs for a batch."""
        return np.array(self.adapter.predict(self.adapter.prepare(batch)))


def execute(job, make_adapter, folders, watch, result):
    """Do every probe of the job and put what each observed into ``result``.

    ``folders`` are OUT and DATA, ``watch`` is (clock, phases, events).
    """
    clock, phases, events = watch
    probes = job["parity"]["probes"]
    observed = result["parity"] = {}
    for index, probe in enumerate(probes):
        name = probe["name"]
        events.emit("phase", name="parity %s" % name, index=index + 1, total=len(probes))
        start = clock.now()
        references = _references(job["parity"]["role"], name, folders)
        bench = Bench(
            probe, make_adapter(), job["settings"]["seed"], references, clock.now, events
        )
        observed[name] = KINDS[probe["kind"]](bench)
        bench.settings["finished"] = bench.adapter.settings()
        if probe["kind"] == "network" or not result["settings"]:
            result["settings"] = bench.settings
        if "parameter_count" in observed[name]:
            result["parameter_count"] = observed[name]["parameter_count"]
        del bench
        gc.collect()  # a framework's graph may hold itself, and with it all its weights
        phases.each("probe", clock.now() - start)


def _references(role, name, folders):
    out_folder, data_folder = folders
    if role == "make":
        return Written(os.path.join(out_folder, "parity", name))
    return Read(os.path.join(data_folder, name))
