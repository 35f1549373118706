"""What tables need of one record: its cell, its facts, and every phase in a few numbers.

A summary is computed from a record and can be thrown away; the index keeps it because reading ten
thousand records for every table would take many seconds.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from dlbench.disturbances import Disturbance, find_disturbances
from dlbench.epochs import Progress, follow
from dlbench.job import Phase, Plan
from dlbench.record import CellFacts, Environment, Record
from dlbench.scenario import Known
from dlbench.stats import find_quartiles
from dlbench.work import count_step_flops, count_weight_bytes

#: Version of what a summary means.  Raise it whenever ``summarize`` computes something else.
SUMMARY = 5


class PhaseSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One phase; a block's values are divided by its count, so all are of one occurrence.

    ``median`` and the quartiles are of finite values, None where there is none.
    """

    values: int
    #: Occurrences that each value of a block stands for; 1 otherwise.
    count: int
    last: float
    #: The least finite value.
    least: float | None
    lower: float | None
    median: float | None
    upper: float | None


class Conditions(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What many runs have in common: the index keeps it once for all of them."""

    #: Equal for runs of one cell and one kind of plan, whatever the machine.
    cell_key: str
    #: Equal for runs that may be pooled: the cell, and every fact that must agree.
    row_key: str
    cell: CellFacts
    #: The cell's axes and the scenario's own parameters, as text.
    axes: dict[str, str]
    #: Which of the axes are parameters of the scenario.
    parameters: tuple[str, ...]
    digest: str
    metric: str
    pinned: bool
    wheels: tuple[str, ...]
    #: Versions as the image states them, and as the worker found them.
    stated: dict[str, str]
    found: dict[str, str]
    #: Facts that should agree between rows of one table.
    facts: dict[str, str]
    #: Settings that the worker found active, after the last step.
    settings: dict[str, str]
    items_per_step: int
    item: str
    steps_per_epoch: int | None
    epochs: int
    #: The quality that was known of the cell when it was executed.
    known: Known | None
    #: FLOPs of one step, and bytes of all weights, as ``work`` counts them.
    step_flops: int
    weight_bytes: int


class RunSummary(msgspec.Struct, frozen=True, gc=False):
    """One run, as tables see it."""

    conditions: Conditions
    run_id: str
    started: str
    campaign: str
    round: int
    #: How the run ended: ``exited`` and the like; ``ok``; and in words, as a cell shows it.
    how: str
    ok: bool
    outcome: str
    wall_seconds: float
    #: Names of the audit's facts that did not hold.
    audit_failures: tuple[str, ...]
    #: ``measurement``, or what else the run was for.
    kind: str
    #: Of parity: the verdict, what it speaks for, and why it is not ``passed``.
    parity: str
    parity_key: str
    parity_reason: str
    phases: dict[str, PhaseSummary]
    #: What happened on the machine that may be in the run's numbers.
    disturbances: tuple[Disturbance, ...] = ()
    #: Joules of the whole run, by the part of the machine that used them.
    energy: dict[str, float] = {}
    #: False where the warm-up was to end by test, and a cap came first.
    settled: bool = True
    #: How far the run had come after each epoch.
    curve: tuple[Progress, ...] = ()
    #: FLOP/s of the calibration that speaks for this run.  The run's own record does not know it:
    #: ``peaks.attach_peaks`` finds it among other records.
    peak_flops: float | None = None

    @property
    def cell(self) -> CellFacts:
        """The cell that was executed."""
        return self.conditions.cell

    @property
    def axes(self) -> dict[str, str]:
        """The cell's axes and the scenario's own parameters."""
        return self.conditions.axes


#: A run without its conditions, in the order of ``RunSummary``.
OwnFacts: TypeAlias = tuple[
    str, str, str, int, str, bool, str, float, tuple[str, ...], str, str, str, str,
    dict[str, PhaseSummary], tuple[Disturbance, ...], dict[str, float], bool, tuple[Progress, ...],
    float | None,
]  # fmt: skip


def summarize(record: Record) -> RunSummary:
    """Reduce ``record`` to what tables need of it."""
    result = record.result
    phases = result.phases if result else []
    return RunSummary(
        conditions=find_conditions(record),
        run_id=record.run_id,
        started=record.started,
        campaign=record.campaign,
        round=record.round,
        how=record.outcome.how,
        ok=record.outcome.ok,
        outcome=" ".join(record.outcome.describe(record.limits).split()),
        wall_seconds=record.outcome.wall_seconds,
        audit_failures=find_audit_failures(result.audit) if result else (),
        kind=record.kind,
        parity=record.parity.verdict,
        parity_key=record.parity.key,
        parity_reason=" ".join(record.parity.reason.split()),
        phases={phase.name: summarize_phase(phase) for phase in phases if phase.values},
        disturbances=find_disturbances(record.environment, count_cpus(record)),
        energy=sum_energy(record.environment),
        settled=has_settled(result.warmup) if result else True,
        curve=follow(phases),
    )


def has_settled(warmup: Mapping[str, Any]) -> bool:
    """Whether a warm-up ended as it should: by its test, or by the number that was asked for."""
    return "settle" not in warmup or warmup.get("reason") == "settled"


def count_cpus(record: Record) -> int:
    """Return how many processors the run had."""
    return len(record.limits.cpus) or record.environment.cpu_count


def sum_energy(environment: Environment) -> dict[str, float]:
    """Return the joules of each part of the machine; one that is not known whole is left out."""
    joules: dict[str, float] = {}
    for energy in environment.energy:
        joules[energy.part] = joules.get(energy.part, 0.0) + (energy.joules or 0.0)
    unknown = {energy.part for energy in environment.energy if energy.joules is None}
    return {part: total for part, total in joules.items() if part not in unknown}


def find_conditions(record: Record) -> Conditions:
    """Return what ``record`` has in common with other runs like it."""
    cell, result, plan = record.cell, record.result, record.job.plan
    parameters = {name: spell(value) for name, value in record.scenario.values.items()}
    facts = gather_facts(record)
    work = (record.scenario.digest, parameters, cell.axes, sorted(cell.not_applicable), cell.quick)
    place = (cell.framework, cell.image_id, cell.device)
    plan_facts = (plan.epochs, plan.steps_per_epoch, record.image.pinned, record.image.wheels)
    return Conditions(
        cell_key=make_key([work, place]),
        row_key=make_key([work, place, plan_facts, facts]),
        cell=cell,
        axes={**parameters, **cell.axes},
        parameters=tuple(parameters),
        digest=record.scenario.digest,
        metric=record.scenario.metric,
        pinned=record.image.pinned,
        wheels=record.image.wheels,
        stated=record.image.versions,
        found=result.versions if result else {},
        facts=facts,
        settings=found_settings(result.settings) if result else {},
        items_per_step=record.job.items_per_step,
        item=record.job.item,
        steps_per_epoch=plan.steps_per_epoch,
        epochs=plan.epochs,
        known=record.scenario.known,
        step_flops=count_step_flops(record.job.task),
        weight_bytes=count_weight_bytes(record.job.task),
    )


def make_key(facts: object) -> str:
    """Return a short text that is equal for equal facts."""
    content = msgspec.json.encode(facts, order="sorted")
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def summarize_phase(phase: Phase) -> PhaseSummary:
    """Reduce a phase of at least one value."""
    count = phase.count or 1 if phase.kind == "block" else 1
    values = [float(value) / count for value in phase.values]
    quartiles = find_quartiles(values)
    finite = [value for value in values if math.isfinite(value)]
    return PhaseSummary(
        values=len(values),
        count=count,
        last=values[-1],
        least=min(finite, default=None),
        lower=quartiles.lower if quartiles else None,
        median=quartiles.median if quartiles else None,
        upper=quartiles.upper if quartiles else None,
    )


#: Facts that differ from framework to framework and must agree only between runs of one row.
OWN_FACTS = frozenset({"plugin", "image build"})


def gather_facts(record: Record) -> dict[str, str]:
    """Return the facts that must agree before two rows may be compared without a remark.

    This is the registry of them: a fact that is added here is checked and shown everywhere.
    """
    environment, job, precision = record.environment, record.job, record.job.task.precision
    return {
        "host": environment.host,
        "CPU": environment.cpu_model,
        "CPUs": str(count_cpus(record)),
        "GPU": ", ".join(str(gpu.get("name", "unnamed")) for gpu in environment.gpus) or "none",
        "engine": str(environment.engine.get("name", "unknown")),
        "threads": "framework's own" if job.settings.threads is None else str(job.settings.threads),
        "batch size": str(job.task.batch_size),
        "items per step": str(job.items_per_step),
        "precision": spell_precision(precision.storage, precision.compute, precision.accumulation),
        "loss scaling": spell(precision.loss_scaling),
        "feed": job.feed,
        "loop": job.loop,
        "epochs": spell_epochs(job.plan),
        "processes": str(job.processes),
        "dlbench": record.provenance.dlbench,
        "plugin": f"{record.cell.plugin} {record.cell.plugin_version}",
        "image build": record.image.context_digest[:12],
    }


def spell_epochs(plan: Plan) -> str:
    """Return how many epochs a plan trains, and how they are cut."""
    if not plan.epochs or plan.steps_per_epoch is None:
        return str(plan.epochs)
    return f"{plan.epochs} of {plan.steps_per_epoch} steps"


def spell_precision(storage: str, compute: str, accumulation: str) -> str:
    """Return one word where all roles have one number format, else each with its role."""
    if storage == compute == accumulation:
        return storage
    return f"{storage} storage, {compute} compute, {accumulation} accumulation"


def found_settings(settings: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the newest of the found settings, as text."""
    newest = next(reversed(settings.values()), {})
    return {name: spell(value) for name, value in sorted(newest.items())}


def find_audit_failures(audit: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the facts whose ``passed`` is false; null judges nothing."""
    return tuple(
        name
        for name, fact in audit.items()
        if isinstance(fact, dict) and fact.get("passed") is False
    )


def spell(value: object) -> str:
    """Spell any JSON value, as of a setting or a parameter, for people."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {spell(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(spell, value)) or "none"
    return str(value)
