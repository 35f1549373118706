"""Warm-up: when it ends, and why.

By test: the medians of the last two windows of steps agree within a bound.  The windows lie side by
side, and the first step of a build, where a framework compiles, is in neither.
"""
from __future__ import absolute_import

from .phases import median


def ends(trials, steps, elapsed_seconds, skipped):
    """Return why a warm-up ends after ``steps`` (their seconds), or None where it goes on.

    ``skipped`` is how many of the first steps no window may hold.  The reason is ``exact``,
    ``settled``, or the cap that came first: ``steps``, ``seconds``.
    """
    by_test = trials.get("settle") is not None
    done = len(steps)
    if by_test and done >= trials["at_least"]:
        found = difference(trials, steps[skipped:])
        if found is not None and found <= trials["settle"]:
            return "settled"
    limit = trials.get("seconds")
    if limit is not None and elapsed_seconds >= limit and done >= trials["at_least"]:
        return "seconds"
    if done >= trials["at_most"]:
        return "steps" if by_test or limit is not None else "exact"
    return None


def difference(trials, steps):
    """Return by how much the last two windows differ, relative to the earlier; None: too few."""
    window = trials["window"]
    if len(steps) < 2 * window:
        return None
    before, after = median(steps[-2 * window : -window]), median(steps[-window:])
    return abs(after - before) / before if before else 0.0


def describe(trials, steps, reason, skipped):
    """Return what the result keeps of the warm-up."""
    facts = {"steps": len(steps), "reason": reason}
    if trials.get("settle") is not None:
        facts.update(
            settle=trials["settle"], window=trials["window"],
            difference=difference(trials, steps[skipped:]),
        )
    return facts
