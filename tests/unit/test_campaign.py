"""Campaigns: order, rounds, when they end, estimates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from samples import (
    ScriptedEngine,
    make_job,
    make_plan,
    make_prepared_run,
    make_provenance,
)

from dlbench.campaign import (
    Campaign,
    Place,
    PlanChange,
    arrange,
    count_trials,
    estimate_seconds,
    group_runs,
)
from dlbench.engine import Exit, RunSpec
from dlbench.job import Event, Settings
from dlbench.record import CellFacts, Record
from dlbench.rounds import Rounds
from dlbench.runner import PreparedRun
from dlbench.scenario import Trials, Warmup
from dlbench.standings import Standing, judge_records
from dlbench.store import Store

#: Seconds of a step: of a cell by its name, in a round.
Speed = Callable[[str, int], float]


def make_run(name: str, **plan: Any) -> PreparedRun:
    """Return a run of the cell ``name``, which its job tells too."""
    settings = Settings(axes={"name": name}, seed=1, threads=2, device="cpu")
    run = make_prepared_run(job=make_job(settings=settings, plan=make_plan(**plan)))
    return replace(run, cell=msgspec.structs.replace(run.cell, image_id=name))


def make_runs(count: int, **plan: Any) -> list[PreparedRun]:
    return [make_run(f"toy-{number}", **plan) for number in range(count)]


@dataclass
class Listener:
    """Notes what it is told."""

    places: list[Place] = field(default_factory=list)
    rounds: list[tuple[int, Rounds, list[str]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def begin_run(self, place: Place, run: PreparedRun) -> None:
        self.places.append(place)

    def see_event(self, event: Event) -> None:
        """The workers of these tests say nothing."""

    def end_run(self, record: Record, path: Path) -> None:
        assert path.is_file()

    def end_round(self, number: int, rounds: Rounds, standings: Sequence[Standing]) -> None:
        self.rounds.append((number, rounds, [standing.describe() for standing in standings]))

    def leave_out(self, cell: CellFacts) -> None:
        self.left_out.append(cell.image_id)


@dataclass
class Lab:
    """Executes campaigns whose workers are played."""

    folder: Path
    speed: Speed
    #: Runs after which somebody presses Ctrl-C.
    interrupted_after: int = 1000
    broken: frozenset[str] = frozenset()
    listener: Listener = field(default_factory=Listener)
    calls: list[str] = field(default_factory=list)

    def act(self, spec: RunSpec) -> None:
        name = json.loads((spec.in_folder / "job.json").read_bytes())["settings"]["axes"]["name"]
        self.calls.append(name)
        if len(self.calls) > self.interrupted_after:
            self.engine.ended = Exit(how="interrupted", code=None, wall_seconds=0.1)
            return
        seconds = self.speed(name, self.calls.count(name))
        phase = {"name": "pipelined", "kind": "block", "unit": "s", "values": [seconds], "count": 1}
        result: dict[str, Any] = {"protocol": 1, "status": "ok", "phases": [phase]}
        if name in self.broken:
            result = {"protocol": 1, "status": "unsupported", "reason": "no such unit"}
        (spec.out_folder / "result.json").write_text(json.dumps(result), encoding="utf-8")

    def execute(self, runs: Sequence[PreparedRun]) -> list[Record]:
        self.engine = ScriptedEngine(self.act, Exit(how="exited", code=0, wall_seconds=1.0))
        campaign = Campaign(
            runs=runs,
            engine=self.engine,
            store=Store(self.folder / "results"),
            scratch=self.folder / "scratch",
            provenance=make_provenance(),
            observer=self.listener,
            seed="seed",
            judge=judge_records,
        )
        campaign.execute()
        return campaign.records


def differ(name: str, number: int) -> float:
    """Cells that are far apart, with a drift that all of a round share."""
    return {"toy-0": 1.0, "toy-1": 2.0}.get(name, 3.0) * (1 + number / 10)


def agree_roughly(name: str, number: int) -> float:
    """Cells that nobody can tell apart: noise of 20 %, the other way round in each."""
    return 1.0 + (0.2 if (number + (name == "toy-1")) % 2 else 0.0)


def test_every_cell_occurs_once_a_round(tmp_path: Path) -> None:
    records = Lab(tmp_path, differ).execute(make_runs(4, rounds=5))
    for number in range(1, 6):
        ids = [record.cell.image_id for record in records if record.round == number]
        assert sorted(ids) == ["toy-0", "toy-1", "toy-2", "toy-3"]
    assert [record.round for record in records] == sorted(record.round for record in records)


def test_rounds_are_shuffled_and_repeatable() -> None:
    works = group_runs(make_runs(4, rounds=5))

    def order(number: int) -> list[str]:
        return [run.cell.image_id for _, run in arrange(works, number, "seed")]

    assert order(3) == order(3)
    assert len({tuple(order(number)) for number in range(1, 6)}) > 1


def test_every_order_runs_backwards_too_whoever_has_left() -> None:
    works = group_runs(make_runs(5, rounds=15))

    def order(number: int, without: str = "") -> tuple[str, ...]:
        names = [run.cell.image_id for _, run in arrange(works, number, "seed")]
        return tuple(name for name in names if name != without)

    for first in (1, 7):
        orders = {order(number) for number in range(first, first + 6)}
        assert len(orders) == 6
        assert {names[::-1] for names in orders} == orders
    before = [order(number, without="toy-3") for number in range(1, 13)]
    works[0].runs = [run for run in works[0].runs if run.cell.image_id != "toy-3"]
    assert [order(number) for number in range(1, 13)] == before


def test_no_cell_is_first_in_all_of_the_least_rounds() -> None:
    works = group_runs(make_runs(2, rounds=5))
    for seed in range(200):
        first = [arrange(works, one, str(seed))[0][1].cell.image_id for one in range(1, 6)]
        assert first.count("toy-0") in {2, 3}


def test_either_of_two_cells_is_first_in_half_of_the_campaigns() -> None:
    works = group_runs(make_runs(2, rounds=5))
    for number in (1, 3):
        first = [arrange(works, number, str(seed))[0][1].cell.image_id for seed in range(1000)]
        assert 430 <= first.count("toy-0") <= 570


def test_one_round_keeps_the_order_and_asks_nobody(tmp_path: Path) -> None:
    lab = Lab(tmp_path, differ)
    lab.execute(make_runs(4))
    assert lab.calls == ["toy-0", "toy-1", "toy-2", "toy-3"]
    assert lab.listener.rounds == []
    assert lab.listener.places[-1] == Place(round=1, rounds=Rounds(1, 1), number=4, total=4)


def test_rounds_end_as_soon_as_every_pair_has_a_verdict(tmp_path: Path) -> None:
    lab = Lab(tmp_path, differ)
    records = lab.execute(make_runs(3, rounds=5, rounds_at_most=15))
    assert len(records) == 15
    number, rounds, (words,) = lab.listener.rounds[-1]
    assert (number, str(rounds)) == (5, "5 to 15")
    assert words == "1 toy-0, 2 toy-1, 3 toy-2; every pair has a verdict"
    assert lab.listener.rounds[2][2] == [
        "1-3 toy-0, 1-3 toy-1, 1-3 toy-2; 3 of 3 pairs have no verdict yet"
    ]


def test_rounds_end_without_a_verdict_at_the_cap(tmp_path: Path) -> None:
    lab = Lab(tmp_path, agree_roughly)
    assert len(lab.execute(make_runs(2, rounds=5, rounds_at_most=8))) == 16
    assert "not enough data" in lab.listener.rounds[-1][2][0]


def test_an_exact_number_is_exact(tmp_path: Path) -> None:
    assert len(Lab(tmp_path, agree_roughly).execute(make_runs(2, rounds=6, rounds_at_most=6))) == 12


def test_a_cell_alone_has_no_more_rounds_than_the_least(tmp_path: Path) -> None:
    assert len(Lab(tmp_path, agree_roughly).execute(make_runs(1, rounds=5, rounds_at_most=15))) == 5


def test_other_work_has_rounds_of_its_own(tmp_path: Path) -> None:
    undecided = make_runs(2, rounds=5, rounds_at_most=7)
    quick = [
        replace(run, cell=msgspec.structs.replace(run.cell, image_id=f"quick-{index}", quick=True))
        for index, run in enumerate(make_runs(2, rounds=2))
    ]
    records = Lab(tmp_path, agree_roughly).execute([*undecided, *quick])
    counts = {
        name: sum(record.cell.image_id == name for record in records)
        for name in ("toy-0", "toy-1", "quick-0", "quick-1")
    }
    assert counts == {"toy-0": 7, "toy-1": 7, "quick-0": 2, "quick-1": 2}


def test_a_cell_that_never_ends_well_stops_nobody(tmp_path: Path) -> None:
    lab = Lab(tmp_path, differ, broken=frozenset({"toy-2"}))
    lab.execute(make_runs(3, rounds=5, rounds_at_most=15))
    assert [lab.calls.count(name) for name in ("toy-0", "toy-1", "toy-2")] == [5, 5, 2]
    assert lab.listener.left_out == ["toy-2"]


def test_where_nothing_ends_well_there_are_two_rounds(tmp_path: Path) -> None:
    lab = Lab(tmp_path, differ, broken=frozenset({"toy-0", "toy-1"}))
    assert len(lab.execute(make_runs(2, rounds=5, rounds_at_most=15))) == 4


def test_what_was_measured_before_an_interruption_is_kept(tmp_path: Path) -> None:
    lab = Lab(tmp_path, differ, interrupted_after=5)
    records = lab.execute(make_runs(2, rounds=5, rounds_at_most=15))
    assert [record.outcome.how for record in records] == ["exited"] * 5 + ["interrupted"]
    assert len(Store(tmp_path / "results").select().runs) == 6
    standing = judge_records(records)
    assert standing is not None
    assert standing.comparisons[0].rounds == 2


def test_trials_are_exact_in_both_blocks() -> None:
    plan = PlanChange(trials=7, warmup=0, epochs=2).apply(make_plan())
    assert plan.stepwise == plan.pipelined == Trials(at_most=7, at_least=7)
    assert plan.warmup == Warmup(at_most=0, at_least=0)
    assert plan.epochs == 2


def test_who_sets_the_trials_has_a_look() -> None:
    plan = make_plan(rounds=5, rounds_at_most=15)
    assert PlanChange(warmup=1).apply(plan).span == Rounds(5, 15)
    assert PlanChange(trials=5).apply(plan).span == Rounds(1, 1)
    assert PlanChange(trials=5, rounds=Rounds(5, 9)).apply(plan).span == Rounds(5, 9)
    assert PlanChange(rounds=Rounds(3, 3)).apply(plan).span == Rounds(3, 3)


def test_no_change_leaves_the_plan() -> None:
    assert PlanChange().apply(make_plan()) == make_plan()


@pytest.mark.parametrize(("step_seconds", "count"), [(0.1, 100), (2.0, 60), (60.0, 5), (0.0, 100)])
def test_trials_within_a_time(step_seconds: float, count: int) -> None:
    trials = Trials(at_most=100, at_least=5, seconds=120)
    assert count_trials(trials, step_seconds) == count


def test_a_warm_up_by_test_is_counted_at_its_most() -> None:
    warmup = Warmup(at_most=30, at_least=3, seconds=60, settle=0.05, window=3)
    assert count_trials(warmup, 1.0) == 30
    assert count_trials(warmup, 6.0) == 10
    assert count_trials(warmup, 100.0) == 3


def test_estimate_counts_every_step() -> None:
    # 3 warm-up, 3 stepwise and 3 pipelined steps, and 3 passes over 4 batches at a third each.
    assert estimate_seconds(make_job(), 2.0) == pytest.approx(2.0 * (9 + 3 * 4 / 3))
