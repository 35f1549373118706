"""Noise for simulated campaigns of two cells: what real machines do, and what is worse.

Every kind returns differences of the logarithms of two runs by round, shape (campaigns, rounds),
of a paired standard deviation of 1 (where a kind has none, of the quartiles of such a normal one).
The two cells are the same, so all that tells them apart is the noise of their runs and the order in
which they run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dlbench.campaign import ROUNDS_BALANCED

Array: TypeAlias = NDArray[np.float64]

#: Noise of single runs in the order of time, shape (campaigns, rounds, 2).
Draw: TypeAlias = Callable[[np.random.Generator, tuple[int, int, int]], Array]

#: Campaigns from which the scale of a kind is found.
CALIBRATION = 20000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of noise."""

    name: str
    meaning: str
    draw: Draw
    #: Whether to scale by quartiles: there is no standard deviation, or it says nothing.
    by_quartiles: bool = False


def draw_normal(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return independent normal noise."""
    return generator.standard_normal(shape)


def draw_heavy(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return Student's t of 3 degrees of freedom."""
    return generator.standard_t(3, shape)


def draw_cauchy(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return noise without a mean, cut where times would be no numbers any more."""
    return np.clip(generator.standard_cauchy(shape), -300, 300)


def draw_skewed(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return noise that only slows, now and then much: log-normal."""
    return np.exp(generator.standard_normal(shape))


def draw_bursts(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return normal noise, and every tenth run slowed by 10 deviations on average."""
    hit = generator.random(shape) < 0.1
    return generator.standard_normal(shape) + 10 * hit * generator.exponential(1.0, shape)


def draw_states(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return runs that are either fast or slow, by chance, with little noise in either."""
    return 10 * (generator.random(shape) < 0.5) + generator.standard_normal(shape)


def draw_drift(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return a machine that gets slower from run to run, by twice the noise each time."""
    slower = 2.0 * np.arange(shape[1] * shape[2]).reshape(1, *shape[1:])
    return generator.standard_normal(shape) + slower


def draw_memory(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return a machine whose state lasts over many runs: correlation 0.9 from run to run."""
    runs = shape[1] * shape[2]
    fresh = generator.standard_normal((shape[0], runs))
    state = remember(fresh, 0.9)
    return (3 * state + generator.standard_normal((shape[0], runs))).reshape(shape)


def draw_place(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    """Return rounds whose first run is slower by 5 deviations."""
    noise = generator.standard_normal(shape)
    noise[..., 0] += 5
    return noise


def remember(fresh: Array, correlation: float) -> Array:
    """Return a stationary series along the last axis, of variance 1 (autoregressive, order 1)."""
    state = np.empty_like(fresh)
    state[..., 0] = fresh[..., 0]
    for place in range(1, fresh.shape[-1]):
        innovation = np.sqrt(1 - correlation**2) * fresh[..., place]
        state[..., place] = correlation * state[..., place - 1] + innovation
    return state


KINDS = (
    Kind(name="normal", meaning="independent, normal", draw=draw_normal),
    Kind(name="heavy", meaning="Student's t, 3 degrees of freedom", draw=draw_heavy),
    Kind(name="cauchy", meaning="no mean, no variance", draw=draw_cauchy, by_quartiles=True),
    Kind(name="skewed", meaning="log-normal: only slows", draw=draw_skewed),
    Kind(name="bursts", meaning="a tenth of the runs slowed 10-fold the noise", draw=draw_bursts),
    Kind(name="states", meaning="fast or slow by chance", draw=draw_states),
    Kind(name="drift", meaning="slower from run to run", draw=draw_drift),
    Kind(name="memory", meaning="runs correlated 0.9 in time", draw=draw_memory),
    Kind(name="place", meaning="the first of a round is slower", draw=draw_place),
)


def draw_swaps(generator: np.random.Generator, campaigns: int, rounds: int) -> NDArray[np.bool_]:
    """Return in which rounds the second cell runs first, as ``campaign.arrange`` orders two."""
    blocks = -(-rounds // ROUNDS_BALANCED)
    backwards = np.arange(ROUNDS_BALANCED) % 2 == 0
    drawn = generator.permuted(np.tile(backwards, (campaigns, blocks, 1)), axis=2)
    swaps: NDArray[np.bool_] = drawn.reshape(campaigns, -1)[:, :rounds]
    return swaps


def difference_cells(runs: Array, swaps: NDArray[np.bool_]) -> Array:
    """Return first cell less second, of runs in the order of time (campaigns, rounds, 2)."""
    differences = runs[..., 0] - runs[..., 1]
    return np.where(swaps, -differences, differences)


@lru_cache
def find_scale(kind: Kind) -> float:
    """Return the paired standard deviation of what ``kind`` draws."""
    generator = np.random.default_rng(0)
    shape = (CALIBRATION, 15, 2)
    swaps = draw_swaps(generator, *shape[:2])
    differences = difference_cells(kind.draw(generator, shape), swaps)
    if kind.by_quartiles:
        lower, upper = np.percentile(differences, [25, 75])
        return float((upper - lower) / (2 * ndtri(0.75)))
    return float(differences.std())


def draw_differences(
    kind: Kind, generator: np.random.Generator, campaigns: int, rounds: int
) -> Array:
    """Return differences of unit scale, shape (campaigns, rounds)."""
    runs = kind.draw(generator, (campaigns, rounds, 2))
    return difference_cells(runs, draw_swaps(generator, campaigns, rounds)) / find_scale(kind)


def draw_own_memory(
    generator: np.random.Generator, campaigns: int, rounds: int, correlation: float
) -> Array:
    """Return differences of unit scale that are themselves correlated from round to round.

    Two that are the same and run in a shuffled order cannot have this; it stands for a cell that
    has a state of its own which lasts over containers.
    """
    return remember(generator.standard_normal((campaigns, rounds)), correlation)
