"""Pure numerics on samples: quartiles inside a run, intervals over runs.

Values inside a run depend on one another, runs do not: the unit of evidence is the run.  A run
counts as one number, the median of its values; the figure of several runs is the median of those.

The interval over runs is Student's t-interval on the logarithms of the run medians: noise in time
is multiplicative and positive, and no other common method says anything useful of two to five
runs.  One run has no interval at all.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from msgspec import Struct

#: Intervals cover the truth this often.
CONFIDENCE = 0.95

#: Two times within this of one another are the same for every practical purpose.
BAND = 0.01

Verdict: TypeAlias = Literal["faster", "slower", "same", "not enough data"]


class Quartiles(Struct, frozen=True, kw_only=True):
    """The middle half of a sample, in its own unit."""

    lower: float
    median: float
    upper: float


class Estimate(Struct, frozen=True, kw_only=True):
    """A figure with its interval; ``low`` and ``high`` are None where there is no interval."""

    value: float
    low: float | None
    high: float | None
    runs: int


def find_quartiles(values: Sequence[float]) -> Quartiles | None:
    """Return the quartiles of the finite ``values`` (linear interpolation); None of none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    if len(finite) == 1:
        return Quartiles(lower=finite[0], median=finite[0], upper=finite[0])
    lower, median, upper = statistics.quantiles(finite, n=4, method="inclusive")
    return Quartiles(lower=lower, median=median, upper=upper)


def find_median(values: Sequence[float]) -> float:
    """Return the median; not finite as soon as one of ``values`` is not."""
    odd = next((value for value in values if not math.isfinite(value)), None)
    return statistics.median(values) if odd is None else odd


class Location(Struct, frozen=True, kw_only=True):
    """The mean of logarithms, its standard error, and the degrees of freedom of that error."""

    centre: float
    error: float
    freedom: float


def locate(logs: Sequence[float]) -> Location:
    """Return where the mean of at least two ``logs`` is."""
    centre = statistics.fmean(logs)
    error = math.sqrt(statistics.variance(logs, centre) / len(logs))
    return Location(centre=centre, error=error, freedom=len(logs) - 1)


def locate_difference(ours: Sequence[float], theirs: Sequence[float]) -> Location:
    """Return by how much the mean of ``ours`` exceeds that of ``theirs``, in Welch's form.

    Both are logarithms, at least two, and may differ in number and in noise (Welch 1947).
    """
    parts = [statistics.variance(logs) / len(logs) for logs in (ours, theirs)]
    total = sum(parts)
    weights = parts[0] ** 2 / (len(ours) - 1) + parts[1] ** 2 / (len(theirs) - 1)
    return Location(
        centre=statistics.fmean(ours) - statistics.fmean(theirs),
        error=math.sqrt(total),
        freedom=total**2 / weights if weights else math.inf,
    )


def estimate(run_medians: Sequence[float]) -> Estimate:
    """Return the median over runs with its interval; ``run_medians`` has one number a run.

    Without an interval where there is one run, or where a number is not positive and finite.  The
    interval belongs to the geometric mean; it is widened where skewed runs put the median outside.
    """
    value = find_median(run_medians)
    runs = len(run_medians)
    logs = take_logs(run_medians)
    if logs is None or runs < 2:
        return Estimate(value=value, low=None, high=None, runs=runs)
    return bracket(value, locate(logs), runs)


def divide_medians(run_medians: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the ratio of the two medians, not a number where the second is zero."""
    divisor = find_median(baseline)
    return find_median(run_medians) / divisor if divisor else math.nan


def bracket(value: float, location: Location, runs: int) -> Estimate:
    """Return ``value`` with the interval of ``location``, which it widens where it lies outside."""
    half = find_quantile(location.freedom, (1 - CONFIDENCE) / 2) * location.error
    if not half:
        return Estimate(value=value, low=value, high=value, runs=runs)
    low, high = (raise_e(location.centre + reach) for reach in (-half, half))
    return Estimate(value=value, low=min(low, value), high=max(high, value), runs=runs)


def raise_e(exponent: float) -> float:
    """Return e to the power of ``exponent``, infinite where that is beyond all numbers."""
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def take_logs(values: Sequence[float]) -> list[float] | None:
    """Return the logarithms, None where one of ``values`` is not positive and finite."""
    if not all(math.isfinite(value) and value > 0 for value in values):
        return None
    return [math.log(value) for value in values]


@lru_cache(maxsize=4096)
def find_quantile(freedom: float, beyond: float) -> float:
    """Return the value that Student's t exceeds with probability ``beyond``, below one half."""
    # scipy.stats takes a second to import; the same quantile is in scipy.special.
    from scipy.special import ndtri, stdtrit

    return -float(ndtri(beyond) if math.isinf(freedom) else stdtrit(freedom, beyond))
