"""What is measured beside the promises: the band of noise, forecasts, and unpaired runs."""

from __future__ import annotations

import numpy as np
from judging_campaigns import NONE, SAME, SLOWER, look
from judging_noise import Array
from judging_session import Session, percents, show, spell

from dlbench.judgement import (
    ROUNDS_AT_LEAST,
    ROUNDS_AT_MOST,
    compare_samples,
    count_needed,
)
from dlbench.stats import BAND, locate

#: Forecasts are looked into where they say that no more rounds than this will do.
FORESEEN = 100
FORECASTS = ((0.005, 0.02), (0.01, 0.0), (0.01, 0.02), (0.01, 0.03), (0.02, 0.05), (0.05, 0.1))


def measure_noise_band(session: Session) -> None:
    """Judge with the band that is the noise itself, if more than 1 %."""
    print("\nBAND OF NOISE (--band noise): slower / same, %; ", end="")
    print("true difference by column, paired standard deviation by row\n")
    differences = (0.0, 0.02, 0.05, 0.1, 0.2)
    rows = []
    for deviation in (0.005, 0.02, 0.05):
        cells = []
        for difference in differences:
            unit = session.generator.standard_normal((session.campaigns, ROUNDS_AT_MOST))
            outcomes = session.run(unit, deviation, difference, "noise")
            cells.append(f"{spell(outcomes.share(SLOWER), 1)} / {spell(outcomes.share(SAME), 1)}")
        rows.append([f"{100 * deviation:g} %", *cells])
    show(percents("", differences), rows)


def measure_forecasts(session: Session) -> None:
    """After the least number of rounds, foretell how many more are needed, and then run them."""
    print(f"\nFORECASTS after {ROUNDS_AT_LEAST} rounds of how many more would do\n")
    rows = []
    campaigns = session.campaigns // 20
    for deviation, difference in FORECASTS:
        rounds = ROUNDS_AT_LEAST + FORESEEN
        unit = session.generator.standard_normal((campaigns, rounds))
        differences = np.log1p(difference) + deviation * unit
        foretold = foretell(differences)
        decided = find_decision(differences)
        asked = (foretold > 0) & (foretold <= FORESEEN)
        in_time = decided[asked] <= ROUNDS_AT_LEAST + foretold[asked]
        rows.append([
            f"{100 * deviation:g} %",
            f"{100 * difference:g} %",
            f"{np.median(foretold[foretold > 0]):.0f}",
            spell(float(in_time.mean()), 0),
        ])
    show(["paired deviation", "true difference", "median forecast", "decided by then, %"], rows)


def foretell(differences: Array) -> Array:
    """Return the rounds foretold for each campaign, 0 where it has its verdict."""
    first = differences[:, :ROUNDS_AT_LEAST]
    return np.array([
        count_needed(locate([float(value) for value in row]), ROUNDS_AT_LEAST, BAND) or 0
        for row in first
    ])


def find_decision(differences: Array) -> Array:
    """Return after how many rounds each campaign has a verdict, infinite where never."""
    decided = np.full(len(differences), np.inf)
    for done in range(differences.shape[1], ROUNDS_AT_LEAST - 1, -1):
        decided[look(differences[:, :done])[0] != NONE] = done
    return decided


def measure_unpaired(session: Session) -> None:
    """Compare a cell with itself from runs that share no rounds (Welch), at one look."""
    print("\nUNPAIRED runs of two that are the same (Welch), one look\n")
    rows = [
        [
            f"{runs[0]} and {runs[1]}",
            f"{100 * deviations[0]:g} and {100 * deviations[1]:g} %",
            *compare_unpaired(session, runs, deviations),
        ]
        for runs in ((5, 5), (15, 15), (5, 15))
        for deviations in ((0.01, 0.01), (0.1, 0.1), (0.02, 0.1))
    ]
    show(["runs", "deviation of a run", "false alarms, %", "coverage, %"], rows)


def compare_unpaired(
    session: Session, runs: tuple[int, int], deviations: tuple[float, float]
) -> tuple[str, str]:
    """Return the false alarms and the coverage of a ratio of 1."""
    campaigns = session.campaigns // 10
    alarms = covered = 0
    for _ in range(campaigns):
        ours, theirs = (
            {
                f"{side}/{number}": float(np.exp(value))
                for number, value in enumerate(session.generator.normal(0, deviation, count))
            }
            for side, (deviation, count) in enumerate(zip(deviations, runs, strict=True))
        )
        found = compare_samples(ours, theirs)
        alarms += found.verdict in {"faster", "slower"}
        low, high = found.ratio.low, found.ratio.high
        covered += low is not None and high is not None and low <= 1 <= high
    return spell(alarms / campaigns), spell(covered / campaigns, 1)
