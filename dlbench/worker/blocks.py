"""Warm-up, and the two timed blocks: stepwise and pipelined."""
from __future__ import absolute_import

import itertools

from . import feed, warmup
from .phases import median
from .run import quiet


class Source(object):
    """An endless supply of batches for the blocks: one epoch's, over and over."""

    def __init__(self, run, epoch, at_most):
        self._run = run
        batches = feed.training_batches(
            run.training_split(epoch), run.task.batch_size, run.order(epoch), max(at_most, 1)
        )
        if not run.host_feed:
            batches = [run.prepare(batch) for batch in batches]
        self._supply = itertools.cycle(batches)

    def prepared(self):
        """Return the next batch, prepared."""
        batch = next(self._supply)
        return self._run.prepare(batch) if self._run.host_feed else batch

    def take(self, count):
        """Return the next ``count`` batches: as they are for a host feed, else prepared."""
        return list(itertools.islice(self._supply, count))


def measure(run, epochs_done):
    """Warm up, then measure the stepwise and the pipelined block."""
    plan = run.job["plan"]
    at_most = sum(plan[name]["at_most"] for name in ("warmup", "stepwise", "pipelined"))
    if not at_most:
        return
    source = Source(run, epochs_done, at_most)
    _warm_up(run, source, plan["warmup"])
    _stepwise(run, source, plan["stepwise"])
    _pipelined(run, source, plan["pipelined"])


def _warm_up(run, source, trials):
    """Do steps until the plan says that they are enough; keep how many, and why they ended."""
    skipped = 0 if run.phases.values("first_step") else 1
    steps, reason = [], None if trials["at_most"] else "exact"
    if not reason:
        run.events.emit("phase", name="warmup", total=trials["at_most"])
    begin = run.now()
    with quiet():
        while not reason:
            steps.append(_one_step(run, source, "warmup"))
            run.events.progress("warmup", len(steps), trials["at_most"], steps[-1])
            reason = warmup.ends(trials, steps, run.now() - begin, skipped)
    run.warmup.update(warmup.describe(trials, steps, reason, skipped))


def _stepwise(run, source, trials):
    """Do steps that are each synchronised; record their seconds and losses."""
    if not trials["at_most"]:
        return
    run.events.emit("phase", name="step", total=trials["at_most"])
    begin = run.now()
    with quiet():
        for index in range(trials["at_most"]):
            seconds = _one_step(run, source, "step")
            run.events.progress("step", index + 1, trials["at_most"], seconds)
            if enough(trials, index + 1, run.now() - begin):
                break


def _one_step(run, source, name):
    prepared = source.prepared()
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    start = now()
    step(prepared)
    synchronize()
    seconds = now() - start
    run.phases.each(name, seconds)
    run.record_first_step(seconds)
    run.record_loss()
    return seconds


def enough(trials, done, seconds):
    """Say whether a block may end before ``at_most``: its time is up, and ``at_least`` is done."""
    limit = trials.get("seconds")
    return limit is not None and seconds >= limit and done >= trials["at_least"]


def count_for(trials, expected_seconds):
    """Return how many trials fit, decided before they start from a trial's expected seconds."""
    limit = trials.get("seconds")
    if limit is None:
        return trials["at_most"]
    if not expected_seconds:
        return trials["at_least"]
    return max(trials["at_least"], min(trials["at_most"], int(limit / expected_seconds)))


def _pipelined(run, source, trials):
    """Time steps as users run them: nothing between them, one synchronisation at the end."""
    if not trials["at_most"]:
        return
    expected = median(run.phases.values("step") or run.phases.values("warmup"))
    batches = source.take(count_for(trials, expected))
    run.events.emit("phase", name="pipelined", total=len(batches))
    with quiet():
        timed = _host_fed if run.host_feed else _device_fed
        seconds = timed(run, batches)
    run.phases.block("pipelined", seconds, len(batches))
    run.record_loss()


def _host_fed(run, batches):
    now, step, prepare = run.now, run.step, run.adapter.prepare
    synchronize = run.adapter.synchronize
    synchronize()
    start = now()
    for batch in batches:
        step(prepare(batch))
    synchronize()
    return now() - start


def _device_fed(run, batches):
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    synchronize()
    start = now()
    for prepared in batches:
        step(prepared)
    synchronize()
    return now() - start
