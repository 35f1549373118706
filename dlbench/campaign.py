"""Campaigns: which runs are executed in which order, and what becomes of each.

A campaign is what one command executes: every chosen cell, once a round, in an order that is
shuffled anew each round so that drift of the machine hits all cells alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import msgspec

from dlbench.engine import Engine
from dlbench.job import Event, Job, Plan, Trials
from dlbench.record import Provenance, Record
from dlbench.runner import PreparedRun, execute_run
from dlbench.store import Store


class Observer(Protocol):
    """Who is told how a campaign goes on."""

    def begin_run(self, number: int, total: int, run: PreparedRun) -> None:
        """Run ``number`` of ``total`` is about to begin."""

    def see_event(self, event: Event) -> None:
        """The worker has said something; called from another thread."""

    def end_run(self, record: Record, path: Path) -> None:
        """The run has ended and its record is at ``path``."""


@dataclass(frozen=True, kw_only=True)
class PlanChange:
    """What the command line changes in a scenario's plan; None leaves it."""

    trials: int | None = None
    warmup: int | None = None
    epochs: int | None = None
    rounds: int | None = None
    timeout_seconds: float | None = None

    def apply(self, plan: Plan) -> Plan:
        """Return ``plan`` with these changes; a number of trials is exact in both blocks."""
        changes: dict[str, object] = {}
        if self.trials is not None:
            exact = Trials(at_most=self.trials, at_least=self.trials)
            changes |= {"stepwise": exact, "pipelined": exact}
        if self.warmup is not None:
            changes["warmup"] = Trials(at_most=self.warmup, at_least=self.warmup)
        for name in ("epochs", "rounds", "timeout_seconds"):
            if getattr(self, name) is not None:
                changes[name] = getattr(self, name)
        return msgspec.structs.replace(plan, **changes)


def order_runs(runs: Sequence[PreparedRun], seed: str) -> Iterator[PreparedRun]:
    """Yield every run once a round, in an order shuffled anew each round by ``seed``.

    A run with fewer rounds in its plan than others sits out the later ones.
    """
    rounds = max((run.job.plan.rounds for run in runs), default=0)
    shuffle = random.Random(seed)
    for number in range(1, rounds + 1):
        chosen = [run for run in runs if run.job.plan.rounds >= number]
        if len(runs) > 1 and rounds > 1:
            shuffle.shuffle(chosen)
        for run in chosen:
            yield replace(run, round=number)


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
    records: list[Record] = field(default_factory=list)

    def execute(self) -> None:
        """Execute every run in order; each record is on disk before the next run begins.

        Raises StoreError where a record cannot be kept, EngineError where a run cannot begin.
        """
        ordered = list(order_runs(self.runs, self.seed))
        for number, run in enumerate(ordered, start=1):
            self.observer.begin_run(number, len(ordered), run)
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
            if record.outcome.how == "interrupted":
                return


def count_trials(trials: Trials, step_seconds: float) -> int:
    """Return how many trials there will be when one takes ``step_seconds``."""
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
