"""How often a record and the runs that repeat it are said to agree, when they do and when not.

    python benchmarks/agreement.py [--repetitions N] [--seed N]

Simulated is ``dlbench reproduce RUN`` for a record of few runs: both sides are drawn with the same
noise, the new one longer by the difference, and judged as the command judges them.  The exit code
is 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from tabulate import tabulate

from dlbench.agreement import Verdict, predict
from dlbench.judgement import FALSE_DIFFERENCES, ROUNDS_AT_LEAST
from dlbench.stats import BAND

RECORDS = (1, 3)
#: Standard deviations of the logarithm of a run's time.
NOISE = (0.005, 0.02, 0.05)
DIFFERENCES = (0.0, 0.03, 0.1, 0.3)
VERDICTS: tuple[Verdict, ...] = ("agrees", "undecided", "differs")


def draw_runs(draw: random.Random, runs: int, noise: float, difference: float) -> list[float]:
    """Return times of ``runs`` around 1 second, longer by ``difference``."""
    return [(1 + difference) * draw.lognormvariate(0, noise) for _ in range(runs)]


def count_verdicts(
    draw: random.Random, runs: int, noise: float, difference: float, repetitions: int
) -> Counter[Verdict]:
    """Return how often each verdict was given."""
    return Counter(
        predict(
            draw_runs(draw, ROUNDS_AT_LEAST, noise, difference),
            draw_runs(draw, runs, noise, 0.0),
            BAND,
        )[1]
        for _ in range(repetitions)
    )


def main() -> int:
    """Simulate, print the table, and say whether what is promised holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    rows = []
    worst = 0.0
    for runs in RECORDS:
        for noise in NOISE:
            for difference in DIFFERENCES:
                found = count_verdicts(draw, runs, noise, difference, options.repetitions)
                shares = [found[verdict] / options.repetitions for verdict in VERDICTS]
                rows.append((
                    runs,
                    f"{100 * noise:g} %",
                    f"{100 * difference:g} %",
                    *(f"{100 * share:.2f}" for share in shares),
                ))
                worst = max(worst, shares[-1]) if difference == 0 else worst
    titles = ("runs of the record", "noise", "difference", *(f"{one} (%)" for one in VERDICTS))
    print(tabulate(rows, titles, tablefmt="github", disable_numparse=True))
    # Twice the standard error above what is promised is chance.
    limit = FALSE_DIFFERENCES + 2 * (FALSE_DIFFERENCES / options.repetitions) ** 0.5
    print(f"\nworst share of false differences: {100 * worst:.2f} % (at most {100 * limit:.2f} %)")
    return int(worst > limit)


if __name__ == "__main__":
    sys.exit(main())
