from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats as reference

from dlbench.stats import Estimate, estimate, estimate_ratio, find_quartiles, judge


def make_ratio(low: float, high: float) -> Estimate:
    return Estimate(value=math.sqrt(low * high), low=low, high=high, runs=3)


def test_quartiles_are_numpys() -> None:
    values = [random.Random(1).gauss(5, 1) for _ in range(37)]
    quartiles = find_quartiles(values)
    assert quartiles is not None
    expected = np.percentile(values, [25, 50, 75])
    assert [quartiles.lower, quartiles.median, quartiles.upper] == pytest.approx(expected)


def test_quartiles_leave_out_what_is_not_finite() -> None:
    quartiles = find_quartiles([1.0, math.nan, 3.0, math.inf])
    assert quartiles is not None
    assert quartiles.median == 2.0
    assert find_quartiles([math.nan]) is None
    assert find_quartiles([]) is None


def test_one_value_is_its_own_quartiles() -> None:
    quartiles = find_quartiles([7.0])
    assert quartiles is not None
    assert (quartiles.lower, quartiles.median, quartiles.upper) == (7.0, 7.0, 7.0)


def test_one_run_has_no_interval() -> None:
    assert estimate([4.0]) == Estimate(value=4.0, low=None, high=None, runs=1)


def test_the_interval_is_students_on_logarithms() -> None:
    medians = [1.00, 1.02, 0.97, 1.01]
    figure = estimate(medians)
    logs = np.log(medians)
    low, high = reference.t.interval(0.95, 3, loc=logs.mean(), scale=reference.sem(logs))
    assert figure.value == pytest.approx(1.005)
    assert (figure.low, figure.high) == pytest.approx((math.exp(low), math.exp(high)))


def test_the_interval_always_holds_the_figure() -> None:
    figure = estimate([1.0] * 20 + [9.0] * 9)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= figure.value <= figure.high


def test_equal_runs_have_an_interval_of_no_width() -> None:
    assert estimate([2.0, 2.0]) == Estimate(value=2.0, low=2.0, high=2.0, runs=2)


def test_zero_has_no_interval_and_no_crash() -> None:
    assert estimate([0.0, 1.0, 2.0]).low is None


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_figure_that_is_not_finite_stays_so(odd: float) -> None:
    figure = estimate([1.0, odd, 2.0])
    assert not math.isfinite(figure.value)
    assert figure.low is None


def test_the_ratio_is_welchs() -> None:
    ours, theirs = [1.30, 1.27, 1.35], [1.00, 1.01, 0.99, 1.02]
    ratio = estimate_ratio(ours, theirs)
    test = reference.ttest_ind(np.log(ours), np.log(theirs), equal_var=False)
    interval = test.confidence_interval(0.95)
    assert ratio.value == pytest.approx(1.30 / 1.005)
    assert (ratio.low, ratio.high) == pytest.approx((
        math.exp(interval.low),
        math.exp(interval.high),
    ))


def test_a_ratio_of_single_runs_is_a_number_alone() -> None:
    ratio = estimate_ratio([2.0], [1.0, 1.1])
    assert ratio.value == pytest.approx(2.0 / 1.05)
    assert ratio.low is None
    assert judge(ratio) == "not enough data"


def test_a_ratio_to_zero_is_no_number() -> None:
    assert math.isnan(estimate_ratio([1.0], [0.0]).value)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.90, 0.95, "faster"),
        (1.05, 1.10, "slower"),
        (0.995, 1.005, "same"),
        (0.98, 0.995, "not enough data"),
        (0.90, 1.10, "not enough data"),
        (1.005, 1.05, "not enough data"),
    ],
)
def test_the_whole_interval_must_lie_in_one_zone(low: float, high: float, verdict: str) -> None:
    assert judge(make_ratio(low, high)) == verdict


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    choice = random.Random(7)
    held = 0
    for _ in range(2000):
        figure = estimate([math.exp(choice.gauss(0, 0.05)) for _ in range(5)])
        assert figure.low is not None
        assert figure.high is not None
        held += figure.low <= 1.0 <= figure.high
    assert 0.93 <= held / 2000 <= 0.97
