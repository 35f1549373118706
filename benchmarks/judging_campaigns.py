"""Simulated campaigns of two cells, judged by dlbench's own functions, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from judging_noise import Array
from numpy.typing import NDArray

from dlbench.judgement import (
    ROUNDS_AT_LEAST,
    ROUNDS_AT_MOST,
    Band,
    Reaches,
    compare_samples,
    find_edge,
    find_margins,
    find_reaches,
    next_round,
)
from dlbench.stats import BAND, CONFIDENCE, find_quantile

#: Verdicts as numbers.
FASTER, NONE, SLOWER, SAME = -1, 0, 1, 2
WORDS = {FASTER: "faster", NONE: "not enough data", SLOWER: "slower", SAME: "same"}


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """How campaigns ended; every array has one value a campaign."""

    #: FASTER, SLOWER, SAME or NONE when the campaign ended.
    verdicts: NDArray[np.int64]
    #: Whether any look up to the cap would have said faster or slower.
    ever: NDArray[np.bool_]
    #: Whether the interval shown at the end holds the true ratio.
    covered: NDArray[np.bool_]
    rounds: NDArray[np.int64]

    def share(self, *verdicts: int) -> float:
        """Return the share of campaigns that ended with one of ``verdicts``."""
        return float(np.isin(self.verdicts, verdicts).mean())

    @property
    def coverage(self) -> float:
        """The share of campaigns whose interval holds the truth."""
        return float(self.covered.mean())

    @property
    def mean_rounds(self) -> float:
        """How many rounds a campaign had."""
        return float(self.rounds.mean())


def look(
    differences: Array, band: Band = BAND, reaches: Callable[[float, int], Reaches] = find_reaches
) -> tuple[NDArray[np.int64], Array, Array]:
    """Judge campaigns after all rounds of ``differences``: verdicts, and the shown interval."""
    rounds = differences.shape[1]
    centre = differences.mean(axis=1)
    deviation = differences.std(axis=1, ddof=1)
    error = deviation / np.sqrt(rounds)
    edge = find_edge(deviation, band)
    beyond, within = find_margins(centre, error, edge, reaches(rounds - 1, rounds))
    verdicts = np.where(beyond > 0, np.sign(centre).astype(int), np.where(within > 0, SAME, NONE))
    half = find_quantile(rounds - 1, (1 - CONFIDENCE) / 2) * error
    middle = np.median(differences, axis=1)
    return verdicts, np.minimum(centre - half, middle), np.maximum(centre + half, middle)


def run_campaigns(
    differences: Array,
    truth: float,
    band: Band = BAND,
    reaches: Callable[[float, int], Reaches] = find_reaches,
) -> Outcomes:
    """Add rounds until there is a verdict or the cap is reached.

    ``differences`` are logarithms of the ratio by round, shape (campaigns, ROUNDS_AT_MOST), and
    ``truth`` is the logarithm of the true ratio.  ``reaches`` is another rule to be tried.
    """
    count = len(differences)
    verdicts = np.full(count, NONE)
    ever = np.zeros(count, bool)
    covered = np.zeros(count, bool)
    rounds = np.full(count, ROUNDS_AT_MOST)
    going = np.ones(count, bool)
    for done in range(ROUNDS_AT_LEAST, ROUNDS_AT_MOST + 1):
        found, low, high = look(differences[:, :done], band, reaches)
        ever |= np.abs(found) == 1
        ends = going & ((found != NONE) | (done == ROUNDS_AT_MOST))
        verdicts[ends] = found[ends]
        rounds[ends] = done
        covered[ends] = ((low <= truth) & (truth <= high))[ends]
        going &= ~ends
    return Outcomes(verdicts=verdicts, ever=ever, covered=covered, rounds=rounds)


def check_agreement(
    differences: Array, outcomes: Outcomes, truth: float, campaigns: int, band: Band = BAND
) -> None:
    """Run the first ``campaigns`` again as dlbench does, run by run; raises where they differ."""
    for number in range(campaigns):
        done = 0
        ours: dict[str, float] = {}
        theirs: dict[str, float] = {}
        comparisons = [compare_samples(ours, theirs, band=band)]
        while next_round(comparisons, done):
            key = f"campaign/{done}"
            theirs[key] = 1.0 + 0.1 * done
            ours[key] = theirs[key] * float(np.exp(differences[number, done]))
            done += 1
            comparisons = [compare_samples(ours, theirs, band=band)]
        ratio = comparisons[0].ratio
        covered = (
            ratio.low is not None
            and ratio.high is not None
            and ratio.low <= np.exp(truth) <= ratio.high
        )
        found = (comparisons[0].verdict, done, covered)
        simulated = (
            WORDS[int(outcomes.verdicts[number])],
            int(outcomes.rounds[number]),
            bool(outcomes.covered[number]),
        )
        if found != simulated:
            raise AssertionError(f"campaign {number}: dlbench {found}, simulation {simulated}")
