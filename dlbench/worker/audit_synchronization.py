"""Whether ``synchronize`` waits: no time may be left in the read of a weight right after it."""
from __future__ import absolute_import

import math
import time

import numpy as np

from . import audit_weights
from .phases import median

#: Of the time of the steps, what the read may take beyond a later read ...
_SHARE_LEFT = 0.1
#: ... and what is never counted: a busy machine delays any call by so much.
_SECONDS_LEFT = 0.005

#: Steps issued together take so long where they can, so that noise is small beside them.
_LONG_SECONDS = 0.2
_MOST_STEPS = 64

#: Attempts before it fails; the one that leaves least is judged.
_ATTEMPTS = 6

#: How long a weight is watched that nobody trains.
_WATCH_SECONDS = 0.1


def examine(run):
    """Return the fact ``synchronization``.

    Steps are timed with a synchronization each, then as many with one for all, and then a weight
    is read twice: the first read is the longer one where work was left.  That is judged against
    the steps' whole time.  A weight that changes without a step condemns as well.
    """
    prepared = run.adapter.prepare(run.test_batches()[0])
    name = audit_weights.early(run.task)
    steps = _first_count(run)
    run.adapter.get_weights([name])
    run.adapter.synchronize()
    fact = {"weight": name, "steps": steps, "synchronized_seconds": _each(run, prepared, steps)}
    attempts = []
    while len(attempts) < _ATTEMPTS and not (attempts and _is_clean(attempts[-1])):
        one = _together(run, prepared, steps, name)
        if one["total_seconds"] < _LONG_SECONDS and steps < _MOST_STEPS and _is_still(one):
            steps = min(_MOST_STEPS, steps * _growth(one["total_seconds"]))
            continue
        attempts.append(one)
        if not _is_still(one):
            break
    judged = min(attempts, key=_share) if _is_still(attempts[-1]) else attempts[-1]
    return dict(fact, passed=_is_clean(judged), attempts=len(attempts), **judged)


def _is_clean(one):
    """Whether nothing was left to do after the synchronization."""
    left = one["left_seconds"]
    return _is_still(one) and (left <= _SECONDS_LEFT or _share(one) <= _SHARE_LEFT)


def _is_still(one):
    return not one["changed_later"]


def _share(one):
    return one["left_seconds"] / max(one["total_seconds"], 1e-9)


def _first_count(run):
    """Return how many steps to begin with: fewer where one is known to take long."""
    expected = median(run.phases.values("step") or run.phases.values("first_step"))
    return 1 if expected is None or expected >= _LONG_SECONDS else 3


def _growth(seconds):
    return max(2, int(math.ceil(_LONG_SECONDS / max(seconds, 1e-3))))


def _each(run, prepared, steps):
    """Return the seconds of steps that are each synchronized."""
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    start = now()
    for _ in range(steps):
        step(prepared)
        synchronize()
    return now() - start


def _together(run, prepared, steps, name):
    """Return the seconds of issuing steps, of waiting, and of two reads of a weight after it."""
    now, step, synchronize = run.now, run.step, run.adapter.synchronize
    start = now()
    for _ in range(steps):
        step(prepared)
    issued = now()
    synchronize()
    done = now()
    found = run.adapter.get_weights([name])[name]
    read = now()
    found = np.array(found)
    before_again = now()
    run.adapter.get_weights([name])
    again = now() - before_again
    left = max(0.0, read - done - again)
    return {
        "issue_seconds": issued - start,
        "wait_seconds": done - issued,
        "read_after_seconds": read - done,
        "read_again_seconds": again,
        "left_seconds": left,
        "total_seconds": done - start + left,
        "together": steps,
        "changed_later": _changes(run, name, found),
    }


def _changes(run, name, found):
    """Say whether the weight becomes another one while nothing is asked for."""
    time.sleep(_WATCH_SECONDS)
    run.adapter.synchronize()
    run.adapter.loss()
    return not audit_weights.same(audit_weights.read(run, name), found)
