"""The benchmark of verdicts: what it resamples, and that it judges as dlbench does."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from comparisons import make_run
from judging import KEPT_RUNS
from judging_campaigns import check_agreement, run_campaigns
from judging_noise import KINDS, Array, Kind, difference_cells, draw_differences, draw_swaps
from judging_records import (
    RealRun,
    Series,
    describe_cell,
    keep_runs,
    read_runs,
    resample_rounds,
    resample_whole,
    strip_paths,
)
from judging_session import find_bounds
from scipy import stats as reference

from dlbench.judgement import ROUNDS_AT_MOST

Resample: TypeAlias = Callable[[Series, np.random.Generator, int], Array]


def make_series(seconds: list[float]) -> Series:
    runs = [
        RealRun(
            started=f"2026-01-01T00:00:{number:02}",
            round=number,
            step_seconds=value,
            foreign_cpu_seconds=0.5,
            wall_seconds=1.0,
        )
        for number, value in enumerate(seconds)
    ]
    return Series(framework="toy", image="toy-1", context_digest="0", axes={}, runs=runs)


def test_cells_change_places_as_often_as_in_campaigns() -> None:
    swaps = draw_swaps(np.random.default_rng(1), 500, ROUNDS_AT_MOST)
    assert (swaps[:, :6].sum(axis=1) == 3).all()
    assert (swaps[:, 6:12].sum(axis=1) == 3).all()
    assert (abs(swaps.mean(axis=0) - 0.5) < 0.1).all()
    runs = np.zeros((500, ROUNDS_AT_MOST, 2))
    runs[..., 0] = 1
    assert (difference_cells(runs, swaps)[swaps] == -1).all()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kinds_of_noise_have_the_scale_that_they_say(kind: Kind) -> None:
    drawn = draw_differences(kind, np.random.default_rng(2), 20000, ROUNDS_AT_MOST)
    assert abs(float(np.median(drawn))) < 0.6
    if kind.by_quartiles:
        lower, upper = np.percentile(drawn, [25, 75])
        assert upper - lower == pytest.approx(2 * reference.norm.ppf(0.75), rel=0.05)
    else:
        assert float(drawn.std()) == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("resample", [resample_whole, resample_rounds])
def test_rounds_of_real_runs_are_neighbours_in_time(resample: Resample) -> None:
    series = make_series([math.exp(number) for number in range(40)])
    differences = resample(series, np.random.default_rng(3), 200)
    assert differences.shape == (200, ROUNDS_AT_MOST)
    assert np.abs(differences) == pytest.approx(np.ones((200, ROUNDS_AT_MOST)))
    assert 0.4 < (differences > 0).mean() < 0.6


def test_pieces_of_a_series_are_as_they_happened() -> None:
    series = make_series([math.exp(number**2) for number in range(26)] + [1.0] * 10)
    differences = np.abs(resample_whole(series, np.random.default_rng(4), 50))
    # Neighbours differ by 2 n + 1, and n grows by two from round to round.
    growing = differences[:, :8]
    assert np.diff(growing, axis=1) == pytest.approx(np.full((50, 7), 4.0))


def test_a_simulation_that_judges_otherwise_than_dlbench_is_noticed() -> None:
    differences = 0.03 + 0.01 * np.random.default_rng(5).standard_normal((20, ROUNDS_AT_MOST))
    outcomes = run_campaigns(differences, 0.03)
    check_agreement(differences, outcomes, 0.03, 20)
    outcomes.rounds[7] += 1
    with pytest.raises(AssertionError, match="campaign 7"):
        check_agreement(differences, outcomes, 0.03, 20)


def test_bounds_of_a_share_are_exact() -> None:
    for hits, trials in ((0, 200), (3, 1000), (1000, 1000)):
        interval = reference.binomtest(hits, trials).proportion_ci(method="exact")
        assert find_bounds(hits, trials) == pytest.approx((interval.low, interval.high))


def test_the_runs_kept_are_real_ones_and_enough() -> None:
    runs = read_runs(KEPT_RUNS)
    assert "dlbench run" in runs.made_by
    assert "/" not in runs.made_by
    assert len(runs.series) >= 2
    for series in runs.series:
        assert len(series.runs) >= 60
        assert [run.started for run in series.runs] == sorted(run.started for run in series.runs)


def test_what_is_kept_can_be_read(tmp_path: Path) -> None:
    runs = read_runs(KEPT_RUNS)
    keep_runs(runs, tmp_path / "kept.json")
    assert read_runs(tmp_path / "kept.json") == runs


def test_records_are_kept_by_their_step_time() -> None:
    records = [make_run(f"aaaa0000000{number}", step=0.5 + number) for number in range(3)]
    series = describe_cell(records)
    assert series.framework == "torch"
    assert [run.step_seconds for run in series.runs] == [0.5, 1.5, 2.5]
    assert [run.started for run in series.runs] == [record.started for record in records]


def test_a_folder_without_records_has_no_series(tmp_path: Path) -> None:
    assert read_runs(tmp_path).series == []


def test_the_command_is_kept_without_folders() -> None:
    line = ("/some/where/__main__.py", "run", "/some/where/judging.yaml", "--results", "/x/y", "-f")
    assert " ".join(strip_paths(line)) == "dlbench run judging.yaml -f"
