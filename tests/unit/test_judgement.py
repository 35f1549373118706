from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from judging_campaigns import FASTER, SLOWER, check_agreement, run_campaigns
from judging_noise import KINDS, Kind, draw_differences
from scipy import stats as reference

from dlbench.judgement import (
    FALSE_DIFFERENCES,
    FALSE_EQUALITIES,
    ROUNDS_AT_LEAST,
    ROUNDS_AT_MOST,
    ROUNDS_COUNTED,
    Band,
    Comparison,
    compare_pairs,
    compare_samples,
    find_reaches,
    find_share,
    next_round,
)
from dlbench.stats import BAND, Estimate, Verdict

SWAPPED = {"faster": "slower", "slower": "faster", "same": "same"}


def key_rounds(values: Sequence[float], campaign: str = "c") -> dict[str, float]:
    return {f"{campaign}/{number}": value for number, value in enumerate(values, start=1)}


def draw_cells(
    seed: int, rounds: int, *, ratio: float = 1.0, noise: float = 0.01
) -> tuple[dict[str, float], dict[str, float]]:
    """Return two cells whose machine is a fifth slower or faster from round to round."""
    choice = random.Random(seed)
    machine = [math.exp(choice.gauss(0, 0.2)) for _ in range(rounds)]
    ours = [ratio * state * math.exp(choice.gauss(0, noise)) for state in machine]
    theirs = [state * math.exp(choice.gauss(0, noise)) for state in machine]
    return key_rounds(ours), key_rounds(theirs)


def make_comparison(verdict: Verdict, needed: int | None = None) -> Comparison:
    return Comparison(
        ratio=Estimate(value=1.0, low=None, high=None, runs=5),
        verdict=verdict,
        rounds_needed=needed,
        paired=True,
        rounds=5,
    )


def test_paired_runs_have_students_interval_of_their_ratios() -> None:
    ours, theirs = draw_cells(1, 7, ratio=1.2)
    found = compare_samples(ours, theirs)
    ratios = np.log([ours[key] / theirs[key] for key in ours])
    low, high = reference.t.interval(0.95, 6, loc=ratios.mean(), scale=reference.sem(ratios))
    assert found.paired
    assert found.rounds == found.ratio.runs == 7
    assert found.ratio.value == pytest.approx(math.exp(np.median(ratios)))
    assert (found.ratio.low, found.ratio.high) == pytest.approx((math.exp(low), math.exp(high)))


def test_what_rounds_have_in_common_goes_away() -> None:
    ours, theirs = draw_cells(2, 8, ratio=1.05, noise=0.002)
    unrelated = {f"other/{key}": value for key, value in theirs.items()}
    assert compare_samples(ours, theirs).verdict == "slower"
    assert compare_samples(ours, unrelated).verdict == "not enough data"


def test_runs_without_shared_rounds_have_welchs_interval() -> None:
    ours = key_rounds([1.30, 1.27, 1.35, 1.31, 1.29], "one")
    theirs = key_rounds([1.00, 1.01, 0.99, 1.02, 1.00, 0.98], "two")
    found = compare_samples(ours, theirs)
    test = reference.ttest_ind(
        np.log(list(ours.values())), np.log(list(theirs.values())), equal_var=False
    )
    interval = test.confidence_interval(0.95)
    assert not found.paired
    assert found.rounds == 5
    assert found.ratio.value == pytest.approx(1.30 / 1.00)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((
        math.exp(interval.low),
        math.exp(interval.high),
    ))


def test_only_shared_rounds_count_where_there_are_two() -> None:
    ours, theirs = draw_cells(3, 6)
    assert compare_samples(ours | {"c/7": 99.0}, theirs | {"d/1": 0.01}) == compare_samples(
        ours, theirs
    )


def test_a_single_shared_round_pairs_nothing() -> None:
    found = compare_samples({"a/1": 1.0, "a/2": 1.1}, {"a/1": 1.0, "b/2": 1.2})
    assert not found.paired
    assert found.rounds == 2


@pytest.mark.parametrize("seed", range(12))
def test_swapping_sides_turns_the_verdict(seed: int) -> None:
    ours, theirs = draw_cells(seed, 5 + seed % 9, ratio=1 + seed / 100, noise=0.004)
    there, back = compare_samples(ours, theirs), compare_samples(theirs, ours)
    assert back.verdict == SWAPPED.get(there.verdict, there.verdict)
    assert back.rounds_needed == there.rounds_needed
    assert there.ratio.low is not None
    assert there.ratio.high is not None
    assert back.ratio.value == pytest.approx(1 / there.ratio.value)
    assert (back.ratio.high, back.ratio.low) == pytest.approx((
        1 / there.ratio.low,
        1 / there.ratio.high,
    ))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_the_unit_of_time_does_not_matter(seed: int, unit: float) -> None:
    ours, theirs = draw_cells(seed, 8, ratio=1.02)
    plain = compare_samples(ours, theirs)
    scaled = compare_samples(
        {key: unit * value for key, value in ours.items()},
        {key: unit * value for key, value in theirs.items()},
    )
    assert scaled.verdict == plain.verdict
    assert scaled.rounds_needed == plain.rounds_needed
    assert scaled.ratio.value == pytest.approx(plain.ratio.value)
    assert scaled.ratio.high == pytest.approx(plain.ratio.high)


@pytest.mark.parametrize(
    ("ratio", "noise", "verdict"),
    [
        (0.90, 0.002, "faster"),
        (1.10, 0.002, "slower"),
        (1.00, 0.0005, "same"),
        (1.10, 0.2, "not enough data"),
        (1.01, 0.002, "not enough data"),
    ],
)
def test_verdicts(ratio: float, noise: float, verdict: str) -> None:
    assert compare_samples(*draw_cells(4, 6, ratio=ratio, noise=noise)).verdict == verdict


def test_no_verdict_rests_on_fewer_rounds_than_five() -> None:
    for rounds in range(2, ROUNDS_AT_LEAST):
        found = compare_samples(*draw_cells(5, rounds, ratio=2.0, noise=1e-6))
        assert found.verdict == "not enough data"
        assert found.ratio.low is not None
        assert found.rounds_needed == ROUNDS_AT_LEAST - rounds


@pytest.mark.parametrize("rounds", [0, 1])
def test_a_ratio_of_single_runs_has_no_interval(rounds: int) -> None:
    found = compare_samples(key_rounds([2.0] * rounds), key_rounds([1.0] * rounds))
    assert found.ratio.low is None
    assert found.rounds_needed == ROUNDS_AT_LEAST - rounds
    assert found.ratio.value == 2.0 if rounds else math.isnan(found.ratio.value)


@pytest.mark.parametrize("odd", [0.0, -1.0, math.nan, math.inf])
def test_no_number_of_rounds_mends_a_time_that_is_none(odd: float) -> None:
    ours, theirs = draw_cells(6, 6)
    for found in (
        compare_samples(ours | {"c/3": odd}, theirs),
        compare_samples(ours, theirs | {"c/3": odd}),
    ):
        assert found.verdict == "not enough data"
        assert found.ratio.low is None
        assert found.rounds_needed is None
        assert not next_round([found], 6)


def test_ratios_beyond_all_numbers_are_no_crash() -> None:
    found = compare_samples(key_rounds([1e200] * 6), key_rounds([1e-200] * 6))
    assert found.verdict == "slower"
    assert found.ratio.value == math.inf


def test_runs_that_do_not_vary_are_judged() -> None:
    theirs = key_rounds([2.0] * 5)
    assert compare_samples(theirs, theirs).verdict == "same"
    assert compare_samples(key_rounds([2.2] * 5), theirs).verdict == "slower"
    apart = key_rounds([2.2] * 5, "other")
    assert compare_samples(apart, theirs).verdict == "slower"


def test_the_band_can_be_wider() -> None:
    cells = draw_cells(7, 10, ratio=1.04, noise=0.004)
    verdicts = [compare_samples(*cells, band=band).verdict for band in (BAND, 0.04, 0.1)]
    assert verdicts == ["slower", "not enough data", "same"]


@pytest.mark.parametrize(("noise", "verdict"), [(0.03, "same"), (0.001, "slower")])
def test_the_band_of_noise_is_one_deviation_but_no_less_than_the_default(
    noise: float, verdict: str
) -> None:
    rounds = ROUNDS_AT_MOST
    swing = [noise * (-1) ** number for number in range(rounds)]
    ours = key_rounds([math.exp(0.02 + one) for one in swing])
    theirs = key_rounds([math.exp(one - one) for one in swing])
    deviation = float(np.std(swing, ddof=1))
    chosen = compare_samples(ours, theirs, band="noise")
    same: Band = max(BAND, math.expm1(deviation))
    assert chosen.verdict == compare_samples(ours, theirs, band=same).verdict


def test_rounds_needed_bring_a_verdict_when_they_are_like_those_so_far() -> None:
    ours, theirs = draw_cells(8, 6, ratio=1.03, noise=0.012)
    found = compare_samples(ours, theirs)
    assert found.verdict == "not enough data"
    assert found.rounds_needed is not None
    assert found.rounds_needed > 1
    logs = np.log([ours[key] / theirs[key] for key in ours])
    for more, decided in ((found.rounds_needed, True), (found.rounds_needed - 1, False)):
        rounds = 6 + more
        # A sample of that size with the same mean and standard deviation.
        shape = np.resize([1.0, -1.0], rounds)
        shape = (shape - shape.mean()) / shape.std(ddof=1)
        grown = np.exp(logs.mean() + logs.std(ddof=1) * shape)
        verdict = compare_samples(key_rounds(list(grown)), key_rounds([1.0] * rounds)).verdict
        assert (verdict != "not enough data") is decided


def test_rounds_needed_have_an_end() -> None:
    ours = key_rounds([1.01 * (1 + 0.05 * (-1) ** number) for number in range(6)])
    assert compare_samples(ours, key_rounds([1.0] * 6)).rounds_needed == ROUNDS_COUNTED


def test_looks_spend_all_of_the_error_and_no_more() -> None:
    shares = [find_share(rounds) for rounds in range(ROUNDS_AT_LEAST, ROUNDS_AT_MOST + 1)]
    assert sum(shares) == pytest.approx(1)
    assert all(share > 0 for share in shares)
    assert find_share(40) == shares[-1]


def test_reaches_are_scipys_quantiles() -> None:
    for rounds in (5, 9, 15):
        share, found = find_share(rounds), find_reaches(rounds - 1, rounds)
        difference = reference.t.isf(FALSE_DIFFERENCES * share / 2, rounds - 1)
        equality = reference.t.isf(FALSE_EQUALITIES * share, rounds - 1)
        assert (found.difference, found.equality) == pytest.approx((difference, equality))


def test_a_campaign_has_the_least_number_of_rounds_whatever_it_shows() -> None:
    assert next_round([make_comparison("faster")], 4)
    assert not next_round([make_comparison("faster")], 5)
    assert next_round([], 1, at_least=2)
    assert not next_round([], 5)


def test_a_campaign_goes_on_until_every_pair_has_a_verdict_or_the_cap_is_reached() -> None:
    waiting = [make_comparison("same"), make_comparison("not enough data", 3)]
    assert next_round(waiting, 5)
    assert next_round(waiting, 14)
    assert not next_round(waiting, 15)
    assert not next_round(waiting, 8, at_most=8)


def test_every_two_are_compared() -> None:
    ours, theirs = draw_cells(9, 6, ratio=1.2, noise=0.002)
    comparisons = compare_pairs([ours, theirs, ours])
    assert list(comparisons) == [(0, 1), (0, 2), (1, 2)]
    assert [one.verdict for one in comparisons.values()] == ["slower", "same", "faster"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_two_that_are_the_same_are_told_apart_in_one_campaign_of_a_hundred_at_most(
    kind: Kind,
) -> None:
    generator = np.random.default_rng(20)
    for level in (0.01, 0.1):
        differences = level * draw_differences(kind, generator, 4000, ROUNDS_AT_MOST)
        outcomes = run_campaigns(differences, 0.0)
        check_agreement(differences, outcomes, 0.0, 10)
        assert outcomes.share(FASTER, SLOWER) <= 0.01


def test_three_percent_are_found_where_noise_is_one() -> None:
    truth = math.log(1.03)
    generator = np.random.default_rng(21)
    differences = truth + 0.01 * generator.standard_normal((4000, ROUNDS_AT_MOST))
    outcomes = run_campaigns(differences, truth)
    check_agreement(differences, outcomes, truth, 10)
    assert outcomes.share(SLOWER) >= 0.9
    assert outcomes.share(FASTER) == 0
    assert 0.93 <= outcomes.coverage <= 0.97
