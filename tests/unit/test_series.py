"""Series stay short, and lose nothing that a reader would miss."""

from __future__ import annotations

import pytest

from dlbench.series import Series


def test_samples_are_columns() -> None:
    series = Series(1.0)
    series.add(1.0004, {"a": 1.23456, "b": 7})
    series.add(2.0, {"b": 8})
    found = series.finish()
    assert found is not None
    assert (found.interval_seconds, found.stride) == (1.0, 1)
    assert found.seconds == [1.0, 2.0]
    assert found.columns == {"a": [1.235, None], "b": [7, 8]}


def test_nothing_was_sampled() -> None:
    assert Series(1.0).finish() is None


def test_a_long_series_is_thinned_to_half_again_and_again() -> None:
    series = Series(2.0, gauges=["gauge"], flags=["bits"], at_most=4)
    for number in range(1, 14):
        bits = 8 if number == 6 else 1
        series.add(2.0 * number, {"total": 10.0 * number, "gauge": float(number), "bits": bits})
    found = series.finish()
    assert found is not None
    assert found.stride == 4
    # The last, which makes no four, stands alone.
    assert found.seconds == [8.0, 16.0, 24.0, 26.0]
    assert found.columns["total"] == [40.0, 80.0, 120.0, 130.0]
    assert found.columns["gauge"] == [2.5, 6.5, 10.5, 13.0]
    assert found.columns["bits"] == [1, 9, 1, 1]


@pytest.mark.parametrize("count", [1, 3, 199, 200, 201, 5000])
def test_the_length_is_bounded_and_time_is_whole(count: int) -> None:
    series = Series(1.0, gauges=["gauge"])
    for number in range(1, count + 1):
        series.add(float(number), {"gauge": 5.0})
    found = series.finish()
    assert found is not None
    assert min(count, 100) <= len(found.seconds) <= 200
    assert found.seconds[-1] == count
    assert set(found.columns["gauge"]) == {5.0}
    assert found.seconds == sorted(found.seconds)


def test_what_could_not_be_read_now_and_then_is_passed_over() -> None:
    series = Series(1.0, gauges=["gauge"], at_most=2)
    series.add(1.0, {"gauge": 4.0})
    series.add(2.0, {})
    found = series.finish()
    assert found is not None
    assert found.columns == {"gauge": [4.0]}
