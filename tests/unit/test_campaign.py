"""Campaigns: order, counts, estimates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import make_job, make_plan, make_prepared_run

from dlbench.campaign import PlanChange, count_trials, estimate_seconds, order_runs
from dlbench.record import CellFacts
from dlbench.runner import PreparedRun
from dlbench.scenario import Trials


def make_runs(count: int, rounds: int) -> list[PreparedRun]:
    runs = []
    for number in range(count):
        run = make_prepared_run(job=make_job(plan=make_plan(rounds=rounds)))
        runs.append(replace(run, cell=rename(run.cell, f"toy-{number}")))
    return runs


def rename(cell: CellFacts, image_id: str) -> CellFacts:
    import msgspec

    return msgspec.structs.replace(cell, image_id=image_id)


def test_every_cell_occurs_once_a_round() -> None:
    ordered = list(order_runs(make_runs(4, rounds=5), "seed"))
    for number in range(1, 6):
        ids = [run.cell.image_id for run in ordered if run.round == number]
        assert sorted(ids) == ["toy-0", "toy-1", "toy-2", "toy-3"]


def test_rounds_are_shuffled_and_repeatable() -> None:
    runs = make_runs(4, rounds=5)
    first = [run.cell.image_id for run in order_runs(runs, "seed")]
    assert first == [run.cell.image_id for run in order_runs(runs, "seed")]
    rounds = {tuple(first[start : start + 4]) for start in range(0, 20, 4)}
    assert len(rounds) > 1


def test_rounds_follow_one_another() -> None:
    numbers = [run.round for run in order_runs(make_runs(3, rounds=2), "seed")]
    assert numbers == [1, 1, 1, 2, 2, 2]


def test_trials_are_exact_in_both_blocks() -> None:
    plan = PlanChange(trials=7, warmup=0, epochs=2).apply(make_plan())
    assert plan.stepwise == plan.pipelined == Trials(at_most=7, at_least=7)
    assert plan.warmup == Trials(at_most=0, at_least=0)
    assert plan.epochs == 2


def test_no_change_leaves_the_plan() -> None:
    assert PlanChange().apply(make_plan()) == make_plan()


@pytest.mark.parametrize(("step_seconds", "count"), [(0.1, 100), (2.0, 60), (60.0, 5), (0.0, 100)])
def test_trials_within_a_time(step_seconds: float, count: int) -> None:
    trials = Trials(at_most=100, at_least=5, seconds=120)
    assert count_trials(trials, step_seconds) == count


def test_estimate_counts_every_step() -> None:
    # 3 warm-up, 3 stepwise and 3 pipelined steps, and 3 passes over 4 batches at a third each.
    assert estimate_seconds(make_job(), 2.0) == pytest.approx(2.0 * (9 + 3 * 4 / 3))
