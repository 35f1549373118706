"""How far verdicts can be trusted: false alarms, power, coverage, rounds used.

    python benchmarks/judging.py [--quick] [--seed N] [--records PATH] [--rivals]

Simulated are campaigns of two cells, from 5 rounds up to 15, judged after each by the functions
that ``dlbench run`` and ``dlbench compare`` use, until there is a verdict: the stopping rule is in
every figure.  Some campaigns behind every figure are run again through ``compare_samples`` and
``next_round``, run by run, and must come out the same.  A/A campaigns are resampled too from real
runs on a noisy machine: those kept beside this file, or records of your own.  The exit code is 1
where a promise is broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from judging_campaigns import FASTER, NONE, SAME, SLOWER, Outcomes
from judging_extras import measure_forecasts, measure_noise_band, measure_unpaired
from judging_noise import KINDS, draw_differences, draw_own_memory
from judging_records import Series, keep_runs, read_runs, resample_rounds, resample_whole
from judging_rivals import compare_rivals
from judging_session import Session, find_bounds, percents, show, show_grid, spell

from dlbench.judgement import ROUNDS_AT_MOST

KEPT_RUNS = Path(__file__).parent / "results" / "noisy-machine.json"

#: Paired standard deviations: of the logarithm of a ratio by round.
LEVELS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3)
NOISE = (0.005, 0.01, 0.02, 0.03, 0.05)
DIFFERENCES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1)
OWN_MEMORY = (0.3, 0.5)
SCANNED_NOISE = (0.001, 0.003, 0.005, 0.007, 0.01, 0.02)
SCANNED_DIFFERENCES = (0.0025, 0.005, 0.0075, 0.0125, 0.015, 0.025, 0.04, 0.07)

#: What is promised.
ALARMS_AT_MOST = 0.01
POWER_AT_LEAST = 0.9
COVERAGE = (0.93, 0.97)
#: The promise about power is made for this difference, up to this noise.
FOUND_DIFFERENCE, FOUND_NOISE = 0.03, 0.01


def measure_alarms(session: Session) -> None:
    """Compare a cell with itself at every level and kind of noise."""
    outcomes = {
        (kind.name, level): session.run(
            draw_differences(kind, session.generator, session.campaigns, ROUNDS_AT_MOST),
            level,
            0.0,
        )
        for kind in KINDS
        for level in LEVELS
    }
    print("FALSE ALARMS: faster or slower of two that are the same, %")
    show_kinds(outcomes, lambda one: spell(one.share(FASTER, SLOWER)))
    worst = max(outcomes, key=lambda at: outcomes[at].share(FASTER, SLOWER))
    highest = outcomes[worst].share(FASTER, SLOWER)
    low, high = find_bounds(round(highest * session.campaigns), session.campaigns)
    ever = max(float(one.ever.mean()) for one in outcomes.values())
    print(
        f"\neach figure of {session.campaigns} campaigns; the highest, {worst[0]} at "
        f"{100 * worst[1]:g} %, is {spell(highest)} % ({spell(low)} to {spell(high)} %); "
        f"if campaigns never stopped and every look counted: {spell(ever)} %"
    )
    print("\nCOVERAGE of the same campaigns, %")
    show_kinds(outcomes, lambda one: spell(one.coverage, 1))
    session.demand(high <= ALARMS_AT_MOST, "false alarms at most 1 % at every level")


def show_kinds(
    outcomes: dict[tuple[str, float], Outcomes], read: Callable[[Outcomes], str]
) -> None:
    """Print a table of the kinds of noise by row and its level by column."""
    print("kind of noise by row, paired standard deviation by column\n")
    rows = [
        [f"{kind.name}: {kind.meaning}", *(read(outcomes[kind.name, level]) for level in LEVELS)]
        for kind in KINDS
    ]
    show(percents("", LEVELS), rows)


def measure_own_memory(session: Session) -> None:
    """Show what no order of the runs mends: a cell's own state that lasts from round to round."""
    print("\nBEYOND THE PROMISE: ratios correlated from round to round, false alarms, %\n")
    rows = []
    for correlation in OWN_MEMORY:
        shape = (session.campaigns, ROUNDS_AT_MOST)
        shares = [
            session.run(draw_own_memory(session.generator, *shape, correlation), level, 0.0)
            for level in LEVELS
        ]
        rows.append([
            f"correlation {correlation:g}",
            *(spell(one.share(FASTER, SLOWER)) for one in shares),
        ])
    show(percents("", LEVELS), rows)


def measure_power(session: Session) -> None:
    """Compare cells that differ, at several levels of normal noise."""
    shape = (session.campaigns, ROUNDS_AT_MOST)
    outcomes = {
        (deviation, difference): session.run(
            session.generator.standard_normal(shape), deviation, difference
        )
        for deviation in NOISE
        for difference in DIFFERENCES
    }
    parts: tuple[tuple[str, Callable[[Outcomes], str]], ...] = (
        ("POWER: rightly called slower, %", lambda one: spell(one.share(SLOWER), 1)),
        ("SAME, %", lambda one: spell(one.share(SAME), 1)),
        ("NOT ENOUGH DATA at the cap, %", lambda one: spell(one.share(NONE), 1)),
        ("WRONG WAY: called faster, %", lambda one: spell(one.share(FASTER))),
        ("ROUNDS used, mean", lambda one: f"{one.mean_rounds:.1f}"),
        ("COVERAGE of the 95 % interval at the end, %", lambda one: spell(one.coverage, 1)),
    )
    for title, read in parts:
        show_grid(title, outcomes, read)
    print(f"\neach figure of {session.campaigns} campaigns")
    demand_power(session, outcomes)


def scan_coverage(session: Session) -> None:
    """Look for the noise and the difference at which the interval covers least and most."""
    shape = (session.campaigns, ROUNDS_AT_MOST)
    coverage = {
        (deviation, difference): session.run(
            session.generator.standard_normal(shape), deviation, difference
        ).coverage
        for deviation in SCANNED_NOISE
        for difference in SCANNED_DIFFERENCES
    }
    print(f"\nCOVERAGE at {len(coverage)} more pairs of noise and difference, % of campaigns\n")
    for name, find in (("lowest", min), ("highest", max)):
        deviation, difference = find(coverage, key=lambda at: coverage[at])
        print(
            f"{name}: {spell(coverage[deviation, difference], 1)} % at a paired deviation of "
            f"{100 * deviation:g} % and a difference of {100 * difference:g} %"
        )
    demand_coverage(session, list(coverage.values()))


def demand_power(session: Session, outcomes: dict[tuple[float, float], Outcomes]) -> None:
    """Hold power and coverage against what is promised."""
    power = min(
        one.share(SLOWER)
        for (deviation, difference), one in outcomes.items()
        if deviation <= FOUND_NOISE and difference == FOUND_DIFFERENCE
    )
    session.demand(power >= POWER_AT_LEAST, "3 % found in 90 % where the noise is 1 % or less")
    demand_coverage(session, [one.coverage for one in outcomes.values()])


def demand_coverage(session: Session, shares: Sequence[float]) -> None:
    """Hold coverage against what is promised."""
    low, high = min(shares), max(shares)
    # The lowest of many figures is low by chance too: few campaigns break no promise by that.
    _, perhaps = find_bounds(round(low * session.campaigns), session.campaigns)
    session.demand(
        perhaps >= COVERAGE[0] and high <= COVERAGE[1],
        f"coverage 93 to 97 % (here {spell(low, 1)} to {spell(high, 1)} %)",
    )


def measure_real(session: Session, path: Path) -> None:
    """Resample A/A campaigns from real runs, and the same with one side made 3 % slower."""
    runs = read_runs(path)
    if not runs.series:
        sys.exit(f"{path} holds no cell of {2 * ROUNDS_AT_MOST} runs: more records are needed")
    print(f"\nREAL RUNS on a noisy machine ({runs.machine}): {runs.made_by}\n")
    headers = ["image", "runs", "foreign CPUs", "paired deviation, %", "resampled"]
    headers += ["false alarms, %", "coverage, %", "3 % found, %", "wrong way, %"]
    results = [
        (series, name, *resample_series(session, series, name))
        for series in runs.series
        for name in ("pieces", "rounds")
    ]
    rows = [
        [
            series.image,
            str(len(series.runs)),
            f"{series.foreign_share:.2f}",
            spell(series.paired_deviation, 1),
            name,
            spell(same.share(FASTER, SLOWER)),
            spell(same.coverage, 1),
            spell(slowed.share(SLOWER), 1),
            spell(slowed.share(FASTER)),
        ]
        for series, name, same, slowed in results
    ]
    show(headers, rows)
    print(f"\neach figure of {session.campaigns} resampled campaigns")
    highest = max(same.share(FASTER, SLOWER) for _, _, same, _ in results)
    session.demand(highest <= ALARMS_AT_MOST, "false alarms at most 1 % on real runs")


def resample_series(session: Session, series: Series, name: str) -> tuple[Outcomes, Outcomes]:
    """Return A/A campaigns of ``series``, and such with one side made slower."""
    resample = resample_whole if name == "pieces" else resample_rounds
    differences = resample(series, session.generator, session.campaigns)
    return session.run(differences, 1.0, 0.0), session.run(differences, 1.0, FOUND_DIFFERENCE)


def main() -> int:
    """Measure and print; return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the campaigns")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaigns", type=int, default=20000, help="behind each figure")
    parser.add_argument("--records", type=Path, default=KEPT_RUNS, help="folder, or file kept")
    parser.add_argument("--keep", type=Path, help="write what is used of --records here, and end")
    parser.add_argument("--rivals", action="store_true", help="also the methods not chosen")
    asked = parser.parse_args()
    if asked.keep:
        keep_runs(read_runs(asked.records), asked.keep)
        return 0
    session = Session(asked.seed, asked.campaigns // 10 if asked.quick else asked.campaigns)
    measure_alarms(session)
    measure_own_memory(session)
    measure_power(session)
    scan_coverage(session)
    measure_real(session, asked.records)
    measure_noise_band(session)
    measure_forecasts(session)
    measure_unpaired(session)
    if asked.rivals:
        compare_rivals(session)
    return 1 if session.broken else 0


if __name__ == "__main__":
    sys.exit(main())
