from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats as reference

from dlbench.stats import (
    Estimate,
    Location,
    divide_medians,
    estimate,
    find_quantile,
    find_quartiles,
    locate_difference,
)


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


def test_an_interval_may_be_wider_than_numbers_go() -> None:
    figure = estimate([1e-150, 1e150])
    assert figure.low == 0.0
    assert figure.high == math.inf


def test_zero_has_no_interval_and_no_crash() -> None:
    assert estimate([0.0, 1.0, 2.0]).low is None


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_figure_that_is_not_finite_stays_so(odd: float) -> None:
    figure = estimate([1.0, odd, 2.0])
    assert not math.isfinite(figure.value)
    assert figure.low is None


def test_a_difference_of_means_is_located_as_welch_does() -> None:
    ours, theirs = [0.30, 0.27, 0.35], [0.00, 0.01, -0.01, 0.02]
    found = locate_difference(ours, theirs)
    test = reference.ttest_ind(ours, theirs, equal_var=False)
    assert found.centre / found.error == pytest.approx(test.statistic)
    assert found.freedom == pytest.approx(test.df)


def test_values_that_do_not_vary_are_located_without_error() -> None:
    assert locate_difference([1.0, 1.0], [0.5, 0.5]) == Location(
        centre=0.5, error=0.0, freedom=math.inf
    )


def test_quantiles_are_scipys() -> None:
    for freedom in (1, 4, 7.5, 30):
        for beyond in (0.025, 1e-5):
            assert find_quantile(freedom, beyond) == pytest.approx(reference.t.isf(beyond, freedom))
    assert find_quantile(math.inf, 0.025) == pytest.approx(reference.norm.isf(0.025))


def test_medians_are_divided() -> None:
    assert divide_medians([2.0], [1.0, 1.1]) == pytest.approx(2.0 / 1.05)
    assert math.isnan(divide_medians([1.0], [0.0]))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    choice = random.Random(7)
    held = 0
    for _ in range(2000):
        figure = estimate([math.exp(choice.gauss(0, 0.05)) for _ in range(5)])
        assert figure.low is not None
        assert figure.high is not None
        held += figure.low <= 1.0 <= figure.high
    assert 0.93 <= held / 2000 <= 0.97
