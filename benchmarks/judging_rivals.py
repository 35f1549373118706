"""The methods that were not chosen, under the same campaigns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from judging_campaigns import FASTER, SAME, SLOWER, look, run_campaigns
from judging_noise import (
    KINDS,
    Array,
    difference_cells,
    draw_differences,
    draw_own_memory,
    draw_swaps,
    remember,
)
from judging_session import Session, show, spell
from numpy.typing import NDArray

from dlbench.judgement import (
    FALSE_DIFFERENCES,
    FALSE_EQUALITIES,
    ROUNDS_AT_LEAST,
    ROUNDS_AT_MOST,
    Reaches,
    find_reaches,
    find_share,
)
from dlbench.stats import find_quantile

LOOKS = ROUNDS_AT_MOST - ROUNDS_AT_LEAST + 1

Rule: TypeAlias = Callable[[float, int], Reaches]

#: An interval of the logarithm of a ratio: campaigns by rounds -> low, high.
Interval: TypeAlias = Callable[[Array], tuple[Array, Array]]

Swaps: TypeAlias = NDArray[np.bool_]
Order: TypeAlias = Callable[[np.random.Generator, int, int], Swaps]

RESAMPLES = 500

#: Noise at which false alarms are looked for.
LEVELS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3)


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A rule for verdicts."""

    name: str
    rule: Rule


def spend(difference: float, equality: float, share: Callable[[int], float]) -> Rule:
    """Return the rule that spends these two errors by ``share`` at each look."""

    def find(freedom: float, rounds: int) -> Reaches:
        part = share(rounds)
        return Reaches(
            difference=find_quantile(freedom, difference * part / 2),
            equality=find_quantile(freedom, equality * part),
        )

    return find


RULES = (
    Rival(name="chosen", rule=find_reaches),
    Rival(name="the 95 % interval at every look", rule=spend(0.05, 0.025, lambda _: 1.0)),
    Rival(name="a 99 % interval at every look", rule=spend(0.01, 0.05, lambda _: 1.0)),
    Rival(name="1 % in equal parts", rule=spend(0.01, 0.05, lambda _: 1 / LOOKS)),
    Rival(name="0.3 % in equal parts", rule=spend(0.003, 0.05, lambda _: 1 / LOOKS)),
    Rival(name="1 %, spent late", rule=spend(0.01, FALSE_EQUALITIES, find_share)),
    Rival(name="0.1 %, spent late", rule=spend(0.001, FALSE_EQUALITIES, find_share)),
)


def swap_freely(generator: np.random.Generator, campaigns: int, rounds: int) -> Swaps:
    """Draw the order of each round anew."""
    return generator.random((campaigns, rounds)) < 0.5


def swap_back(generator: np.random.Generator, campaigns: int, rounds: int) -> Swaps:
    """Run every second round as the one before it, backwards."""
    swaps = swap_freely(generator, campaigns, rounds)
    swaps[:, 1::2] = ~swaps[:, : rounds - 1 : 2]
    return swaps


ORDERS: tuple[tuple[str, Order], ...] = (
    ("chosen: balanced over six rounds", draw_swaps),
    ("drawn anew each round", swap_freely),
    ("every second round backwards", swap_back),
)


def take_t(differences: Array) -> tuple[Array, Array]:
    """Return the interval that is shown."""
    _, low, high = look(differences)
    return low, high


def take_signed_ranks(differences: Array) -> tuple[Array, Array]:
    """Return the interval of the signed-rank test, of the level nearest to 95 %."""
    rounds = differences.shape[1]
    first, second = np.triu_indices(rounds)
    walsh = np.sort((differences[:, first] + differences[:, second]) / 2, axis=1)
    counts = np.ones(1)
    for rank in range(1, rounds + 1):
        step = np.zeros(rank + 1)
        step[[0, rank]] = 0.5
        counts = np.convolve(counts, step)
    below = np.cumsum(counts)
    left_out = int(np.argmin(np.abs(1 - 2 * below - 0.95)))
    return walsh[:, left_out], walsh[:, -1 - left_out]


def take_bootstrap(differences: Array) -> tuple[Array, Array]:
    """Return the percentile interval of the resampled median."""
    generator = np.random.default_rng(0)
    count, rounds = differences.shape
    low, high = np.empty(count), np.empty(count)
    for number in range(count):
        chosen = generator.integers(0, rounds, (RESAMPLES, rounds))
        medians = np.median(differences[number][chosen], axis=1)
        low[number], high[number] = np.percentile(medians, [2.5, 97.5])
    return low, high


INTERVALS: tuple[tuple[str, Interval], ...] = (
    ("chosen: Student's t", take_t),
    ("signed ranks", take_signed_ranks),
    ("bootstrap of the median", take_bootstrap),
)


def compare_rivals(session: Session) -> None:
    """Print what each rule and each interval would have done."""
    print(f"\nRIVALS: rules for verdicts (chosen: {100 * FALSE_DIFFERENCES:g} %, spent late)\n")
    headers = ["rule", "false alarms, normal", "ratios correlated 0.3"]
    headers += ["2 % found at 1 %", "3 % found at 1 %", "3 % found at 2 %"]
    headers += ["rounds for 3 % at 1 %", "same at 1 %"]
    show(headers, [[rival.name, *try_rule(rival.rule, session)] for rival in RULES])
    print("\nRIVALS: orders of the runs, false alarms and coverage at 5 %, %\n")
    headers = ["order", "the first slower, alarms", "from run to run slower, alarms"]
    headers += ["correlated 0.4 in time, alarms", "correlated 0.4 in time, coverage"]
    show(headers, [[name, *try_order(order, session)] for name, order in ORDERS])
    print("\nRIVALS: intervals, coverage after the stopping rule, %; mean width against t's\n")
    headers = ["interval", "normal 0.5 %, same", "normal 0.5 %, 2 % slower"]
    headers += ["heavy 0.5 %, 2 % slower", "bursts 0.5 %, 2 % slower", "bursts 5 %, same"]
    show(headers, [[name, *cells] for name, cells in try_intervals(session).items()])


def try_rule(rule: Rule, session: Session) -> list[str]:
    """Return the figures of one rule, in percent where not rounds."""
    generator, shape = session.generator, (session.campaigns, ROUNDS_AT_MOST)
    normal = generator.standard_normal(shape)
    own = draw_own_memory(generator, *shape, 0.3)
    alarms = (
        max(
            run_campaigns(level * unit, 0.0, reaches=rule).share(FASTER, SLOWER) for level in LEVELS
        )
        for unit in (normal, own)
    )
    found = {
        (difference, deviation): run_campaigns(
            np.log1p(difference) + deviation * normal, np.log1p(difference), reaches=rule
        )
        for difference, deviation in ((0.02, 0.01), (0.03, 0.01), (0.03, 0.02), (0.0, 0.01))
    }
    return [
        *(spell(alarm) for alarm in alarms),
        *(spell(found[at].share(SLOWER), 1) for at in list(found)[:3]),
        f"{found[0.03, 0.01].mean_rounds:.1f}",
        spell(found[0.0, 0.01].share(SAME), 1),
    ]


def try_order(order: Order, session: Session) -> list[str]:
    """Return what an order of the runs makes of noise that depends on time, in percent."""
    generator, shape = session.generator, (session.campaigns, ROUNDS_AT_MOST, 2)
    steps = np.arange(2 * ROUNDS_AT_MOST).reshape(1, ROUNDS_AT_MOST, 2)
    noise = generator.standard_normal(shape)
    fresh = generator.standard_normal((session.campaigns, 2 * ROUNDS_AT_MOST))
    found = []
    for runs in (noise + 5 * (steps % 2 == 0), noise + 2 * steps, remember(fresh, 0.4)):
        drawn = difference_cells(runs.reshape(shape), order(generator, *shape[:2]))
        found.append(run_campaigns(0.05 * drawn / drawn.std(), 0.0))
    alarms = [spell(one.share(FASTER, SLOWER)) for one in found]
    return [*alarms, spell(found[-1].coverage, 1)]


def try_intervals(session: Session) -> dict[str, list[str]]:
    """Return coverage and relative width of each interval under four settings."""
    campaigns = session.campaigns // 4
    kinds = {kind.name: kind for kind in KINDS}
    settings = (
        ("normal", 0.0, 0.005),
        ("normal", 0.02, 0.005),
        ("heavy", 0.02, 0.005),
        ("bursts", 0.02, 0.005),
        ("bursts", 0.0, 0.05),
    )
    lines: dict[str, list[str]] = {name: [] for name, _ in INTERVALS}
    for name, difference, deviation in settings:
        unit = draw_differences(kinds[name], session.generator, campaigns, ROUNDS_AT_MOST)
        truth = float(np.log1p(difference))
        differences = truth + deviation * unit
        rounds = run_campaigns(differences, truth).rounds
        widths: list[Array] = []
        for title, interval in INTERVALS:
            covered, width = cover(differences, rounds, truth, interval)
            widths.append(width)
            wide = float(width.mean() / widths[0].mean())
            lines[title].append(f"{spell(covered, 1)} ({wide:.2f})")
    return lines


def cover(
    differences: Array, rounds: NDArray[np.int64], truth: float, interval: Interval
) -> tuple[float, Array]:
    """Return how often ``interval`` holds the truth when campaigns end, and its widths."""
    covered = np.zeros(len(differences), bool)
    width = np.zeros(len(differences))
    for done in np.unique(rounds):
        ended = rounds == done
        low, high = interval(differences[ended, :done])
        covered[ended] = (low <= truth) & (truth <= high)
        width[ended] = high - low
    return float(covered.mean()), width
