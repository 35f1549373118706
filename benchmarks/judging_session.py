"""What the parts of ``judging.py`` share: random numbers, promises, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from judging_campaigns import Outcomes, check_agreement, run_campaigns
from judging_noise import Array
from scipy.special import betaincinv
from tabulate import tabulate

from dlbench.judgement import Band
from dlbench.stats import BAND

#: Campaigns of each figure that are run again through dlbench's own loop.
CHECKED = 20


class Session:
    """The random numbers of one execution, and the promises found broken in it."""

    def __init__(self, seed: int, campaigns: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.campaigns = campaigns
        self.broken: list[str] = []

    def run(self, unit: Array, deviation: float, difference: float, band: Band = BAND) -> Outcomes:
        """Run campaigns whose noise is ``unit`` times ``deviation``, of a true ``difference``."""
        truth = float(np.log1p(difference))
        differences = truth + deviation * unit
        outcomes = run_campaigns(differences, truth, band)
        check_agreement(differences, outcomes, truth, CHECKED, band)
        return outcomes

    def demand(self, holds: bool, promise: str) -> None:
        """Print whether a promise holds, and keep it in mind where not."""
        print(f"{'held' if holds else 'BROKEN'}: {promise}")
        if not holds:
            self.broken.append(promise)


def find_bounds(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934)."""
    low = betaincinv(hits, trials - hits + 1, 0.025) if hits else 0.0
    high = betaincinv(hits + 1, trials - hits, 0.975) if hits < trials else 1.0
    return float(low), float(high)


def spell(share: float, digits: int = 2) -> str:
    """Return a share in percent, without the sign."""
    return f"{100 * share:.{digits}f}"


def show(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: words in the first column, figures in the others."""
    align = ("left", *("right" for _ in headers[1:]))
    print(tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align))


def percents(corner: str, columns: Sequence[float]) -> list[str]:
    """Return the headers of a table whose columns are shares."""
    return [corner, *(f"{100 * column:g} %" for column in columns)]


def show_grid(
    title: str, outcomes: Mapping[tuple[float, float], Outcomes], read: Callable[[Outcomes], str]
) -> None:
    """Print a table of outcomes by noise and true difference."""
    print(f"\n{title}; true difference by column, paired standard deviation by row\n")
    deviations = list(dict.fromkeys(deviation for deviation, _ in outcomes))
    differences = list(dict.fromkeys(difference for _, difference in outcomes))
    rows = [
        [f"{100 * deviation:g} %", *(read(outcomes[deviation, one]) for one in differences)]
        for deviation in deviations
    ]
    show(percents("", differences), rows)
