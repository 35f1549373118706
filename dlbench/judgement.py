"""Verdicts between two cells, from the medians of their runs: which is faster, or that none is.

What two runs of one round have in common, the state of the machine above all, is in both and goes
away in their ratio; so cells are compared by the logarithms of their ratios by round, and only
where they share no rounds by Welch's form of the same.

Rounds are added until there is a verdict, and every look at the data is another chance of a false
one.  The verdict therefore rests on a repeated confidence interval (Jennison and Turnbull 1989): at
each look it is so wide that all looks together go wrong no more often than they may.  The interval
that is shown covers the truth as often as it says, and is narrower.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from msgspec import Struct

from dlbench.rounds import UNTIL_VERDICT
from dlbench.stats import (
    BAND,
    Estimate,
    Location,
    Verdict,
    bracket,
    divide_medians,
    find_median,
    find_quantile,
    locate,
    locate_difference,
    raise_e,
    take_logs,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: One comparison, or one for each element.
    Numbers = TypeVar("Numbers", float, NDArray[np.float64])

#: No verdict rests on fewer rounds, and a campaign ends without one after the last of them.
ROUNDS_AT_LEAST, ROUNDS_AT_MOST = UNTIL_VERDICT

#: How often all looks together may say ``faster`` or ``slower`` of two that are the same, where
#: noise is normal.  The promise is 1 %; the rest of it is left to noise that is not.
FALSE_DIFFERENCES = 0.003
#: How often all looks together may say ``same`` of two whose ratio is at an edge of the band.
FALSE_EQUALITIES = 0.05
#: How late the error is spent: after a share t of the rounds, t to this power of it is.
SPENDING_POWER = 3

#: More rounds than this are as good as endlessly many.
ROUNDS_COUNTED = 1000

#: A share of the time, or the larger of 1 % and the noise: one standard deviation by round.
Band: TypeAlias = float | Literal["noise"]


class Comparison(Struct, frozen=True, kw_only=True):
    """What the runs of two cells say of the ratio of their times."""

    #: The first cell's time by the second's, with its 95 % interval.
    ratio: Estimate
    #: What the first cell is, seen from the second.
    verdict: Verdict
    #: How many more rounds would probably bring a verdict; None where there is one, or where the
    #: values are none that rounds can mend.
    rounds_needed: int | None
    #: Whether the ratio was taken round by round.
    paired: bool
    #: Rounds that count: those shared, else those of the cell that has fewer.
    rounds: int

    @property
    def waits(self) -> bool:
        """Whether more rounds would help."""
        return self.rounds_needed is not None


def compare_samples(
    ours: Mapping[str, float], theirs: Mapping[str, float], *, band: Band = BAND
) -> Comparison:
    """Compare two cells by the time of each run, which is keyed by campaign and round.

    Runs are paired by the keys that both have where these are at least two; the figure then is the
    median of the ratios by round, else the ratio of the medians.  Times are positive, less is
    better; where one is not positive and finite there is no interval and no verdict.
    """
    shared = sorted(set(ours) & set(theirs))
    paired = len(shared) >= 2
    if paired:
        ours, theirs = ({key: side[key] for key in shared} for side in (ours, theirs))
    rounds = min(len(ours), len(theirs))
    logs, baseline = take_logs(list(ours.values())), take_logs(list(theirs.values()))
    if not rounds or logs is None or baseline is None or rounds < 2:
        return _compare_little(ours, theirs, usable=logs is not None and baseline is not None)
    if paired:
        differences = [our - their for our, their in zip(logs, baseline, strict=True)]
        location = locate(differences)
        value = raise_e(find_median(differences))
    else:
        location = locate_difference(logs, baseline)
        value = divide_medians(list(ours.values()), list(theirs.values()))
    return Comparison(
        ratio=bracket(value, location, rounds),
        verdict=judge_location(location, rounds, band),
        rounds_needed=count_needed(location, rounds, band),
        paired=paired,
        rounds=rounds,
    )


def _compare_little(
    ours: Mapping[str, float], theirs: Mapping[str, float], *, usable: bool
) -> Comparison:
    rounds = min(len(ours), len(theirs))
    value = divide_medians(list(ours.values()), list(theirs.values())) if rounds else math.nan
    return Comparison(
        ratio=Estimate(value=value, low=None, high=None, runs=rounds),
        verdict="not enough data",
        rounds_needed=ROUNDS_AT_LEAST - rounds if usable else None,
        paired=False,
        rounds=rounds,
    )


def judge_location(location: Location, rounds: int, band: Band) -> Verdict:
    """Say what is shown of a logarithm of a ratio after ``rounds``."""
    if rounds < ROUNDS_AT_LEAST:
        return "not enough data"
    edge = find_edge(location.error * math.sqrt(rounds), band)
    reaches = find_reaches(location.freedom, rounds)
    beyond, within = find_margins(location.centre, location.error, edge, reaches)
    if beyond > 0:
        return "faster" if location.centre < 0 else "slower"
    return "same" if within > 0 else "not enough data"


def find_edge(deviation: Numbers, band: Band) -> Numbers:
    """Return the logarithm at which the band ends, given the standard deviation of one round."""
    if band != "noise":
        return 0 * deviation + math.log1p(band)
    least = math.log1p(BAND)
    # The larger of the two, for numbers and arrays alike.
    return (deviation + least + abs(deviation - least)) / 2


def find_margins(
    centre: Numbers, error: Numbers, edge: Numbers, reaches: Reaches
) -> tuple[Numbers, Numbers]:
    """Return how far the evidence lies beyond the band, and how far within; positive is shown.

    ``centre`` and ``error`` are the mean logarithm of the ratio and its standard error, ``edge``
    is where the band ends.  A difference is shown where the interval for it lies wholly outside
    the band; equality by two one-sided tests (Schuirmann 1987), an interval wholly inside.
    """
    distance = abs(centre)
    return (
        distance - edge - reaches.difference * error,
        edge - distance - reaches.equality * error,
    )


class Reaches(Struct, frozen=True, kw_only=True):
    """How many standard errors the intervals reach to either side at one look."""

    difference: float
    equality: float


@lru_cache(maxsize=4096)
def find_reaches(freedom: float, rounds: int) -> Reaches:
    """Return how far the intervals reach at the look after ``rounds``."""
    share = find_share(rounds)
    return Reaches(
        difference=find_quantile(freedom, FALSE_DIFFERENCES * share / 2),
        equality=find_quantile(freedom, FALSE_EQUALITIES * share),
    )


def find_share(rounds: int) -> float:
    """Return the share of the error that the look after ``rounds`` may spend.

    The shares of all looks add up to 1, so the error does to no more than what was granted,
    whatever the looks have in common (Bonferroni); each is the step of a power of the rounds done
    (Kim and DeMets 1987).  The first look, the least to be trusted, gets the least for each round.
    Looks beyond the cap, which only rounds by hand bring, count as the last before it.
    """
    last = min(rounds, ROUNDS_AT_MOST)
    before = 0 if last <= ROUNDS_AT_LEAST else last - 1
    done, spent = last / ROUNDS_AT_MOST, before / ROUNDS_AT_MOST
    return done**SPENDING_POWER - spent**SPENDING_POWER


def count_needed(location: Location, rounds: int, band: Band) -> int | None:
    """Return how many more rounds there must be for a verdict if they are like those so far.

    None where there is a verdict already.  At most ROUNDS_COUNTED.
    """
    if judge_location(location, rounds, band) != "not enough data":
        return None
    deviation = location.error * math.sqrt(rounds)

    def is_decided(total: int) -> bool:
        grown = Location(
            centre=location.centre,
            error=deviation / math.sqrt(total),
            freedom=location.freedom * (total - 1) / (rounds - 1),
        )
        return judge_location(grown, total, band) != "not enough data"

    few, many = rounds, rounds + ROUNDS_COUNTED
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_decided(middle) else (middle, many)
    return many - rounds


def next_round(
    comparisons: Sequence[Comparison],
    done: int,
    at_least: int = ROUNDS_AT_LEAST,
    at_most: int = ROUNDS_AT_MOST,
) -> bool:
    """Say whether there must be another round after ``done``: until every pair has a verdict."""
    if done < at_least:
        return True
    return done < at_most and any(comparison.waits for comparison in comparisons)


def compare_pairs(
    samples: Sequence[Mapping[str, float]], *, band: Band = BAND
) -> dict[tuple[int, int], Comparison]:
    """Compare every two of ``samples``; the key is their places, the lower one first."""
    return {
        (first, second): compare_samples(samples[first], samples[second], band=band)
        for first, second in combinations(range(len(samples)), 2)
    }
