"""Curve: what the epochs of a run say together: training in all, best accuracy, time to a target.

A target is an accuracy on the test set.  Without one asked for it is the least that is known of the
cell (``quality``).  The time to it is the training up to the end of the first epoch after which the
test accuracy is no less; a curve is not interpolated, for between two evaluations nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.summary import RunSummary

#: What stands where nobody said which accuracy is meant.
NO_TARGET = "no target: name one with --target"
NOT_MEASURED = "not measured"


def read_training(run: RunSummary) -> float | None:
    """Return the seconds of all epochs; None where the run has none."""
    return run.curve[-1].training_seconds if run.curve else None


def read_best_accuracy(run: RunSummary) -> float | None:
    """Return the best accuracy after any epoch; None where there was none."""
    return max((point.accuracy for point in run.curve), default=None)


def find_target(run: RunSummary, asked: float | None) -> float | None:
    """Return the accuracy that ``run`` has to reach: the one asked for, or the least known."""
    known = run.conditions.known
    if asked is not None or known is None or known.accuracy is None:
        return asked
    return known.accuracy[0]


def read_time_to_accuracy(run: RunSummary, asked: float | None = None) -> float | None:
    """Return the seconds of training until the target; None where it was not reached."""
    target = find_target(run, asked)
    if target is None:
        return None
    reached = (point.training_seconds for point in run.curve if point.accuracy >= target)
    return next(reached, None)


def explain_time_to_accuracy(runs: Sequence[RunSummary], asked: float | None = None) -> str:
    """Say why there is no time to the target for ``runs`` of one cell, which all ended well."""
    bests = [best for run in runs if (best := read_best_accuracy(run)) is not None]
    if not bests:
        return NOT_MEASURED
    target = find_target(runs[-1], asked)
    if target is None:
        return NO_TARGET
    reached = sum(read_time_to_accuracy(run, asked) is not None for run in runs)
    if reached:
        return f"{target:g} reached by {reached} of {len(runs)} runs only"
    epochs = max(len(run.curve) for run in runs)
    return f"{target:g} not reached: best {max(bests):.4g} in {epochs} epochs"
