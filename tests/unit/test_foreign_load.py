"""What others used of the processors while a run was at work."""

from __future__ import annotations

import pytest
from machines import make_samples

from dlbench.foreign_load import find_burst, find_rate, follow_foreign_load, is_foreign_load


def test_foreign_is_what_neither_the_run_nor_dlbench_used() -> None:
    samples = make_samples(
        busy_cpu_seconds=[2.0, 4.5, 7.5],
        own_cpu_seconds=[1.0, 3.0, 5.0],
        dlbench_cpu_seconds=[0.5, 0.5, 0.75],
    )
    assert follow_foreign_load(samples) == [(2.0, 0.5), (4.0, 1.0), (6.0, 1.75)]


def test_before_the_run_has_begun_the_engine_works_for_it() -> None:
    samples = make_samples(
        busy_cpu_seconds=[2.0, 4.0, 6.0, 7.0],
        own_cpu_seconds=[None, 0.0, 1.0, 1.5],
        dlbench_cpu_seconds=[0.0] * 4,
    )
    assert follow_foreign_load(samples) == [(6.0, 5.0), (8.0, 5.5)]


@pytest.mark.parametrize("missing", ["busy_cpu_seconds", "own_cpu_seconds"])
def test_nobody_can_tell(missing: str) -> None:
    columns = {"busy_cpu_seconds": [1.0], "own_cpu_seconds": [1.0], "dlbench_cpu_seconds": [0.0]}
    del columns[missing]
    assert follow_foreign_load(make_samples(**columns)) is None
    assert follow_foreign_load(None) is None


def test_rates_are_processors() -> None:
    assert find_rate((2.0, 1.0), (6.0, 7.0)) == pytest.approx(1.5)
    assert find_rate((2.0, 1.0), (4.0, 0.98)) == 0


def test_a_burst_is_the_worst_five_seconds() -> None:
    quiet = [(2.0 * number, 0.0) for number in range(10)]
    assert find_burst(quiet) == 0
    assert find_burst([(0.0, 0.0), (4.0, 4.0)]) == 0
    # One processor from second 6 to 12, out of 18.
    burst = [(2.0 * number, min(6.0, max(0.0, 2.0 * number - 6))) for number in range(10)]
    assert find_burst(burst) == pytest.approx(1.0)


def test_more_processors_bear_more() -> None:
    assert not is_foreign_load(0.04, 1)
    assert is_foreign_load(0.05, 2)
    assert not is_foreign_load(0.2, 16)
    assert is_foreign_load(0.4, 16)
