"""Campaigns: which runs are executed in which order, and what becomes of each.

A campaign is what one command executes: every chosen cell, once a round, in an order that is
shuffled, and reversed in as many rounds, so that drift of the machine hits all cells alike.
Where a plan leaves the number of rounds open, the cells that can be held against one another are
judged after each, and further rounds follow as long as ``judgement.next_round`` asks for them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dlbench.engine import Engine
from dlbench.job import Event, Job, Plan, Trials, Warmup
from dlbench.judgement import next_round
from dlbench.record import CellFacts, Provenance, Record
from dlbench.rounds import ONCE, Rounds
from dlbench.runner import PreparedRun, execute_run
from dlbench.standings import Standing
from dlbench.store import Store

#: A cell none of whose runs has ended well sits out the rounds after this one.
ROUNDS_WITHOUT_SUCCESS = 2

#: So many rounds have three orders and the reverse of each.  With two rounds, one the other's
#: reverse, noise that swings from run to run would look like a difference; with all drawn freely
#: the first five might have the same cell first.
ROUNDS_BALANCED = 6


class Place(Struct, frozen=True, kw_only=True):
    """Where in a campaign a run stands."""

    round: int
    rounds: Rounds
    #: Which run of this round it is, and how many this round has.
    number: int
    total: int


class Observer(Protocol):
    """Who is told how a campaign goes on."""

    def begin_run(self, place: Place, run: PreparedRun) -> None:
        """A run is about to begin."""

    def see_event(self, event: Event) -> None:
        """The worker has said something; called from another thread."""

    def end_run(self, record: Record, path: Path) -> None:
        """The run has ended and its record is at ``path``."""

    def end_round(self, number: int, rounds: Rounds, standings: Sequence[Standing]) -> None:
        """Round ``number`` is complete; a standing for each kind of work."""

    def leave_out(self, cell: CellFacts) -> None:
        """A cell has no run that ended well, and sits out the further rounds."""


class Judge(Protocol):
    """Who says how cells stand against one another."""

    def __call__(self, records: Sequence[Record]) -> Standing | None:
        """Return how the cells of ``records``, all of one work, stand; None where none can."""


class PlanChange(Struct, frozen=True, kw_only=True):
    """What the command line changes in a scenario's plan; None leaves it."""

    trials: int | None = None
    warmup: int | None = None
    epochs: int | None = None
    rounds: Rounds | None = None
    timeout_seconds: float | None = None

    def apply(self, plan: Plan) -> Plan:
        """Return ``plan`` with these changes; a number of trials is exact in both blocks.

        Who sets the trials by hand wants to have a look: without ``rounds`` there is one.
        """
        changes: dict[str, object] = {}
        rounds = self.rounds
        if self.trials is not None:
            exact = Trials(at_most=self.trials, at_least=self.trials)
            changes |= {"stepwise": exact, "pipelined": exact}
            rounds = rounds or ONCE
        if self.warmup is not None:
            changes["warmup"] = Warmup(at_most=self.warmup, at_least=self.warmup)
        if rounds is not None:
            changes |= {"rounds": rounds.at_least, "rounds_at_most": rounds.at_most}
        for name in ("epochs", "timeout_seconds"):
            if getattr(self, name) is not None:
                changes[name] = getattr(self, name)
        return msgspec.structs.replace(plan, **changes)


@dataclass(kw_only=True)
class Work:
    """Runs that do the same work and so are held against one another, and what came of them."""

    runs: list[PreparedRun]
    records: list[Record] = field(default_factory=list)

    @property
    def rounds(self) -> Rounds:
        """At least and at most how many rounds the plan allows; it is the same for all runs."""
        return self.runs[0].job.plan.span

    def split(self) -> tuple[list[PreparedRun], list[PreparedRun]]:
        """Return the runs whose cell has ended well before, and the others."""
        good = [(record.cell, record.scenario) for record in self.records if record.outcome.ok]
        kept = [run for run in self.runs if (run.cell, run.scenario) in good]
        return kept, [run for run in self.runs if run not in kept]


def group_runs(runs: Iterable[PreparedRun]) -> list[Work]:
    """Return ``runs`` by what they do: scenario, its parameters, batch size, kind of plan."""
    groups: dict[str, Work] = {}
    for run in runs:
        key = repr((run.scenario, run.job.task.batch_size, run.cell.quick))
        groups.setdefault(key, Work(runs=[])).runs.append(run)
    return list(groups.values())


def find_span(works: Iterable[Work]) -> Rounds:
    """Return at least and at most how many rounds a campaign of ``works`` has."""
    spans = [work.rounds for work in works] or [ONCE]
    return Rounds(max(span.at_least for span in spans), max(span.at_most for span in spans))


def arrange(works: Sequence[Work], number: int, seed: str) -> list[tuple[Work, PreparedRun]]:
    """Return every run with its work, in the order of round ``number``, which ``seed`` decides.

    Of every ROUNDS_BALANCED rounds half run an order that is drawn, the others the same orders
    backwards, in a sequence that is drawn as well.  So what befalls the first of a round, or grows
    from run to run, falls on either side of each ratio equally often.  Any two cells keep their
    order whichever others have left.
    """
    block, place = divmod(number - 1, ROUNDS_BALANCED)
    sequence = list(range(ROUNDS_BALANCED))
    random.Random(f"{seed} {block}").shuffle(sequence)
    order, backwards = divmod(sequence[place], 2)

    def draw(member: tuple[Work, PreparedRun]) -> float:
        run = member[1]
        return random.Random(f"{seed} {block} {order} {run.cell!r} {run.scenario!r}").random()

    ordered = [(work, run) for work in works for run in work.runs]
    return sorted(ordered, key=draw, reverse=bool(backwards))


@dataclass(kw_only=True)
class Campaign:
    """The runs of one command, executed one after another."""

    runs: Sequence[PreparedRun]
    engine: Engine
    store: Store
    scratch: Path
    provenance: Provenance
    observer: Observer
    seed: str
    judge: Judge
    records: list[Record] = field(default_factory=list)

    def execute(self) -> None:
        """Execute every run in order; each record is on disk before the next run begins.

        Raises StoreError where a record cannot be kept, EngineError where a run cannot begin.
        """
        going = group_runs(self.runs)
        rounds = find_span(going)
        number = 0
        while going:
            number += 1
            if not self._execute_round(going, number, rounds):
                return
            going = self._go_on(going, number, rounds) if rounds.at_most > 1 else []

    def _execute_round(self, going: Sequence[Work], number: int, rounds: Rounds) -> bool:
        """Execute one run of each cell; say whether all were, before somebody interrupted."""
        if rounds.at_most > 1:
            ordered = arrange(going, number, self.seed)
        else:
            ordered = [(work, run) for work in going for run in work.runs]
        for index, (work, run) in enumerate(ordered, start=1):
            place = Place(round=number, rounds=rounds, number=index, total=len(ordered))
            record = self._execute_run(replace(run, round=number), place)
            work.records.append(record)
            if record.outcome.how == "interrupted":
                return False
        return True

    def _execute_run(self, run: PreparedRun, place: Place) -> Record:
        """Execute a run and keep its record."""
        self.observer.begin_run(place, run)
        record = execute_run(
            run,
            self.engine,
            scratch=self.scratch,
            provenance=self.provenance,
            on_event=self.observer.see_event,
        )
        path = self.store.save(record)
        self.records.append(record)
        self.observer.end_run(record, path)
        return record

    def _go_on(self, going: Sequence[Work], number: int, rounds: Rounds) -> list[Work]:
        """Tell how all stand after round ``number``, and return what has another."""
        standings = [self.judge(work.records) for work in going]
        self.observer.end_round(
            number, rounds, [standing for standing in standings if standing is not None]
        )
        again = []
        for work, standing in zip(going, standings, strict=True):
            comparisons = standing.comparisons if standing else ()
            if not next_round(comparisons, number, *work.rounds):
                continue
            if number >= ROUNDS_WITHOUT_SUCCESS:
                work.runs, hopeless = work.split()
                for run in hopeless:
                    self.observer.leave_out(run.cell)
            again.extend([work] if work.runs else [])
        return again


def count_trials(trials: Trials, step_seconds: float) -> int:
    """Return how many trials there will be when one takes ``step_seconds``.

    A warm-up that ends by test may end before.
    """
    if trials.seconds is None or step_seconds <= 0:
        return trials.at_most
    fitting = math.floor(trials.seconds / step_seconds)
    return max(trials.at_least, min(trials.at_most, fitting))


def estimate_seconds(job: Job, step_seconds: float, *, epochs: int | None = None) -> float:
    """Estimate what is left of a run in seconds from the duration of one training step.

    ``epochs`` is how many are still to come; None means all of the plan's.  A prediction counts
    as a third of a training step for every batch of the test set.
    """
    plan = job.plan
    steps = sum(
        count_trials(trials, step_seconds)
        for trials in (plan.warmup, plan.stepwise, plan.pipelined)
    )
    test_items = job.data.test.items if job.data.test else job.data.synthetic_items
    test_batches = math.ceil(test_items / job.task.batch_size)
    passes = plan.predict.at_most
    epochs = plan.epochs if epochs is None else epochs
    if epochs and job.data.train:
        whole = job.data.train.items // job.task.batch_size
        steps += epochs * min(whole, plan.steps_per_epoch or whole)
        passes += epochs
    return step_seconds * (steps + passes * test_batches / 3)


def failures(records: Iterable[Record]) -> list[Record]:
    """Return the records whose run did not end well."""
    return [record for record in records if not record.outcome.ok]
