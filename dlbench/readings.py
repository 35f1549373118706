"""Readings: one number of one run, None where the run did not measure it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dlbench.summary import PhaseSummary, RunSummary

Reading: TypeAlias = Callable[[RunSummary], float | None]


def of_phase(name: str, pick: Callable[[PhaseSummary], float | None]) -> Reading:
    """Return the reading that picks a number of phase ``name``."""

    def read(run: RunSummary) -> float | None:
        phase = run.phases.get(name)
        return None if phase is None else pick(phase)

    return read


def median_of(name: str) -> Reading:
    """Return the reading of the median of phase ``name``."""
    return of_phase(name, lambda phase: phase.median)


def last_of(name: str) -> Reading:
    """Return the reading of the last value of phase ``name``."""
    return of_phase(name, lambda phase: phase.last)


def energy_of(part: str) -> Reading:
    """Return the reading of the joules that ``part`` of the machine used."""
    return lambda run: run.energy.get(part)


read_step = median_of("pipelined")
read_import = median_of("import")
read_build = median_of("build")
read_first_step = median_of("first_step")
read_epoch_loss = last_of("epoch_loss")
read_step_loss = last_of("loss")


def read_rate(run: RunSummary) -> float | None:
    """Return the items of a step by its seconds."""
    step = read_step(run)
    return run.conditions.items_per_step / step if step else None


def read_flops_per_second(run: RunSummary) -> float | None:
    """Return the FLOPs that a step needs by its seconds."""
    step, flops = read_step(run), run.conditions.step_flops
    return flops / step if step and flops else None


def read_peak_share(run: RunSummary) -> float | None:
    """Return the FLOP/s by those of the calibration that speaks for the run."""
    rate, peak = read_flops_per_second(run), run.peak_flops
    return rate / peak if rate and peak else None


def read_compiling(run: RunSummary) -> float | None:
    """Return the seconds that building and the first step take beyond a later step."""
    build, first, step = read_build(run), read_first_step(run), read_step(run)
    return None if build is None or first is None or step is None else build + first - step


def read_cost(run: RunSummary) -> float | None:
    """Return the seconds that are paid before steady steps."""
    loading, compiling = read_import(run), read_compiling(run)
    return None if loading is None or compiling is None else loading + compiling


def read_loss(run: RunSummary) -> float | None:
    """Return the loss on the test set after the last epoch, of the last step without epochs."""
    loss = read_epoch_loss(run)
    return read_step_loss(run) if loss is None else loss
