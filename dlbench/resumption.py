"""Resumption: which runs of a campaign were executed before, and how many are left.

A record speaks for a run where cell, meaning of the scenario, plan and image are the same.  How
many rounds a plan asks for is no part of that: what was executed counts towards them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dlbench.campaign import Work, group_runs
from dlbench.job import Plan
from dlbench.record import Record
from dlbench.runner import PreparedRun
from dlbench.store import Store


def is_same_run(record: Record, run: PreparedRun) -> bool:
    """Return whether ``record`` is of what ``run`` would execute."""
    return record.kind == run.kind and all((
        record.cell == run.cell,
        (record.scenario.digest, record.scenario.values)
        == (run.scenario.digest, run.scenario.values),
        drop_rounds(record.job.plan) == drop_rounds(run.job.plan),
        record.job.settings == run.job.settings,
        (record.image.context_digest, record.image.pinned) == (run.built.digest, run.built.pinned),
        record.image.wheels == run.wheels,
    ))


def drop_rounds(plan: Plan) -> Plan:
    """Return ``plan`` without how often it is executed."""
    return msgspec.structs.replace(plan, rounds=1, rounds_at_most=None)


def find_records(store: Store, runs: Iterable[PreparedRun]) -> list[Record]:
    """Return the records that may speak for any of ``runs``, oldest first."""
    digests = {run.scenario.digest for run in runs}
    known = [
        run.run_id
        for run in store.select().runs
        if run.kind == "measurement" and run.conditions.digest in digests and run.how != "refused"
    ]
    return list(store.read(known))


def find_done(records: Iterable[Record], run: PreparedRun) -> list[Record]:
    """Return those of ``records`` that speak for ``run`` and ended well."""
    return [record for record in records if record.outcome.ok and is_same_run(record, run)]


def plan_rest(runs: Sequence[PreparedRun], records: Sequence[Record]) -> list[PreparedRun]:
    """Return the runs that are not complete, with as many rounds as they lack.

    Runs that are held against one another keep their number of rounds alike, and where none of
    them has begun, the plan's own.
    """
    return [run for work in group_runs(runs) for run in plan_work(work, records)]


def plan_work(work: Work, records: Sequence[Record]) -> list[PreparedRun]:
    """Return what is left of runs that do the same work."""
    done = [len(find_done(records, run)) for run in work.runs]
    if not any(done):
        return work.runs
    lacking = [work.rounds.at_least - count for count in done]
    most = max(lacking)
    return [
        with_rounds(run, most) for run, lack in zip(work.runs, lacking, strict=True) if lack > 0
    ]


def with_rounds(run: PreparedRun, rounds: int) -> PreparedRun:
    """Return ``run`` with exactly so many rounds."""
    plan = msgspec.structs.replace(run.job.plan, rounds=rounds, rounds_at_most=rounds)
    return msgspec.structs.replace(run, job=msgspec.structs.replace(run.job, plan=plan))
