"""A record in words: sections of names and values, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from dlbench.checks import describe_parity
from dlbench.disturbances import find_disturbances
from dlbench.job import Phase, WorkerResult
from dlbench.peaks import read_peak, spell_rate
from dlbench.quality import describe_epochs, describe_reached
from dlbench.record import Energy, Environment, Record, Samples
from dlbench.scenario import Plan, Trials, Warmup
from dlbench.spelling import GIB, spell_items, spell_seconds, spell_value
from dlbench.stats import find_quartiles
from dlbench.summary import count_cpus, gather_facts, spell, summarize

#: Title of a section, and its lines of name and value.
Section: TypeAlias = tuple[str, Sequence[tuple[str, str]]]


def describe_record(
    record: Record, *, packages: bool = False, traceback: bool = False
) -> Iterator[Section]:
    """Yield the sections of ``record``; a section that has nothing to say is left out."""
    result = record.result
    yield "run", describe_run(record)
    yield "outcome", describe_outcome(record, traceback=traceback)
    yield "calibration", describe_calibration(record)
    yield "parity", describe_parity(record.parity) if record.kind != "calibration" else []
    yield "image", describe_image(record)
    yield "asked for", describe_request(record)
    if result is not None:
        yield from describe_result(result)
        yield "epochs", describe_epochs(result.phases)
        yield "quality", describe_reached(summarize(record))
    yield "environment", describe_environment(record.environment)
    yield "the machine during the run", describe_watch(record)
    yield "provenance", describe_provenance(record)
    if packages:
        own = (result.packages if result else {}) or record.image.packages
        yield "Python packages", spell_items(own)
        yield "system packages", spell_items(record.image.system_packages)


def describe_run(record: Record) -> list[tuple[str, str]]:
    """Return what was executed, and when."""
    cell = record.cell
    axes = {**record.scenario.values, **cell.axes}
    return [
        ("id", record.run_id),
        ("started", record.started),
        ("campaign", f"{record.campaign}, round {record.round}"),
        ("scenario", f"{cell.scenario} (digest {record.scenario.digest[:12]})"),
        ("framework", f"{cell.framework} (plugin {cell.plugin} {cell.plugin_version})"),
        ("device", cell.device),
        *((name, spell(value)) for name, value in axes.items()),
        *((name, "not applicable") for name in cell.not_applicable),
        *describe_work(record),
    ]


def describe_work(record: Record) -> list[tuple[str, str]]:
    """Return what was to be done: a plan, or the probes of a parity run."""
    parity = record.job.parity
    if parity is not None:
        return [("probes", ", ".join(probe.name for probe in parity.probes))]
    return [("plan", describe_plan(record.job.plan, quick=record.cell.quick))]


def describe_plan(plan: Plan, *, quick: bool) -> str:
    """Return a plan in one line."""
    epochs = f", {plan.epochs} epochs" if plan.epochs else ""
    if plan.epochs and plan.steps_per_epoch is not None:
        epochs += f" cut to {plan.steps_per_epoch} steps"
    blocks = ", ".join(
        f"{name} {spell_trials(trials)}"
        for name, trials in (
            ("warm-up", plan.warmup),
            ("stepwise", plan.stepwise),
            ("pipelined", plan.pipelined),
            ("predict", plan.predict),
        )
    )
    return ("quick: " if quick else "") + blocks + epochs


def spell_trials(trials: Trials) -> str:
    """Return how many trials a plan asks for."""
    if isinstance(trials, Warmup) and trials.settle is not None:
        bound = f"at most {trials.at_most}"
        if trials.seconds is not None:
            bound += f" or {trials.seconds:g} s"
        windows = f"{trials.window} and {trials.window} steps"
        return f"until {windows} agree within {trials.settle:.0%}, {bound}"
    if trials.seconds is None:
        return str(trials.at_most)
    return f"{trials.at_most} or {trials.seconds:g} s (at least {trials.at_least})"


def describe_outcome(record: Record, *, traceback: bool) -> list[tuple[str, str]]:
    """Return how the run ended, with the failure where there is one."""
    outcome = record.outcome
    lines = [
        ("ended", outcome.describe(record.limits)),
        ("as the host saw it", outcome.how),
        ("as the worker said", outcome.status),
        ("exit code", spell(outcome.exit_code)),
        ("wall time", spell_seconds(outcome.wall_seconds)),
    ]
    failure = record.result.failure if record.result else None
    if failure is not None:
        lines.append((failure.type, failure.message))
    if traceback:
        lines.append(("traceback", failure.traceback if failure else "none"))
        lines.append(("end of the log", outcome.log_tail or "not kept"))
    elif failure is not None or outcome.log_tail:
        lines.append(("more", f"dlbench show --traceback {record.run_id}"))
    return lines


def describe_calibration(record: Record) -> list[tuple[str, str]]:
    """Return what a calibration reached; nothing of any other run."""
    peak = read_peak(summarize(record))
    if peak is None:
        return []
    name = "bandwidth" if peak.unit == "bytes/s" else "peak"
    return [(name, f"{spell_rate(peak.rate, peak.unit)} in the quickest step")]


def describe_image(record: Record) -> list[tuple[str, str]]:
    """Return what the run had, as stated and as found."""
    image, found = record.image, record.result.versions if record.result else {}
    return [
        ("id", f"{image.image_id} ({image.device})"),
        ("pinned", "yes" if image.pinned else "no: the user's own environment"),
        ("versions stated", spell(image.versions)),
        ("versions found", spell(found) if found else "none: the worker left no result"),
        ("context digest", image.context_digest),
        ("engine's id", image.engine_id),
        *(("local wheel", wheel) for wheel in image.wheels),
        (
            "packages",
            f"{len(image.packages)} of Python, {len(image.system_packages)} of the system",
        ),
    ]


def describe_request(record: Record) -> list[tuple[str, str]]:
    """Return the settings and limits of the run."""
    limits = record.limits
    wanted = ("threads", "batch size", "precision", "loss scaling", "feed", "loop")
    facts = gather_facts(record)
    return [
        *((name, facts[name]) for name in wanted),
        ("seed", str(record.job.settings.seed)),
        ("timeout", f"{limits.timeout_seconds:g} s"),
        ("memory", f"{limits.memory_bytes / GIB:.3g} GiB"),
        ("CPUs", ", ".join(map(str, limits.cpus)) or "all"),
    ]


def describe_result(result: WorkerResult) -> Iterator[Section]:
    """Yield what the worker measured and found."""
    yield "measured", [(phase.name, spell_phase(phase)) for phase in result.phases]
    yield "warm-up", spell_items(result.warmup)
    for when, settings in result.settings.items():
        yield f"active when {when}", spell_items(settings)
    yield "audit", [(name, spell_fact(fact)) for name, fact in result.audit.items()]
    counts = {
        "parameters": result.parameter_count,
        "items dropped an epoch": result.dropped_items or None,
        "items padded in prediction": result.padded_items or None,
    }
    yield "counts", [(name, str(count)) for name, count in counts.items() if count is not None]
    yield "clock", spell_items(result.clock)


def spell_phase(phase: Phase) -> str:
    """Return the values of a phase: one as it is, a block by its mean, many by their quartiles."""
    values = [float(value) for value in phase.values]
    if not values:
        return "no value"
    if phase.kind == "block":
        count = phase.count or 1
        totals = ", ".join(spell_value(value, phase.unit) for value in values)
        return f"{spell_value(values[-1] / count, phase.unit)} each ({count} in {totals})"
    if len(values) == 1:
        return spell_value(values[0], phase.unit)
    quartiles = find_quartiles(values)
    if quartiles is None:
        return f"{len(values)} values, none of them finite"
    odd = len(values) - sum(value - value == 0 for value in values)
    return (
        f"median {spell_value(quartiles.median, phase.unit)} "
        f"[{spell_value(quartiles.lower, phase.unit)}, {spell_value(quartiles.upper, phase.unit)}]"
        f" of {len(values)}, last {spell_value(values[-1], phase.unit)}"
        + (f", {odd} not finite" if odd else "")
    )


def spell_fact(fact: Any) -> str:
    """Return a fact of the audit: whether it held, then what it is made of."""
    if not isinstance(fact, Mapping):
        return spell(fact)
    words = {True: "held", False: "DID NOT HOLD", None: "for the reader"}
    passed = words.get(fact.get("passed"), "for the reader")
    rest = {
        name: value for name, value in fact.items() if name != "passed" and value not in ({}, [])
    }
    return f"{passed}; {spell(rest)}" if rest else passed


def describe_environment(environment: Environment) -> list[tuple[str, str]]:
    """Return the machine as it was."""
    known = {
        "host": environment.host,
        "system": f"{environment.operating_system}, kernel {environment.kernel}",
        "CPU": f"{environment.cpu_model}, {environment.cpu_count} threads",
        "memory": f"{environment.memory_bytes / GIB:.3g} GiB",
        "virtualization": environment.virtualization,
        "governor": environment.governor,
        "frequency": environment.frequency_mhz and f"{environment.frequency_mhz:g} MHz",
        "load before": environment.load_before and " ".join(map(str, environment.load_before)),
        "load after": environment.load_after and " ".join(map(str, environment.load_after)),
    }
    return [
        *((name, str(value)) for name, value in known.items() if value is not None),
        *((f"GPU {number}", spell(gpu)) for number, gpu in enumerate(environment.gpus)),
        *((f"engine {name}", value) for name, value in spell_items(environment.engine)),
    ]


def describe_watch(record: Record) -> list[tuple[str, str]]:
    """Return what the host saw of the machine while the run went on, and what it is to be told."""
    environment = record.environment
    disturbances = find_disturbances(environment, count_cpus(record))
    return [
        *(("disturbed", disturbance.describe()) for disturbance in disturbances),
        *spell_items(environment.during),
        *describe_samples("samples", environment.samples),
        *(
            item
            for index, samples in environment.gpu_samples.items()
            for item in describe_samples(f"GPU {index}", samples)
        ),
        *((f"energy, {energy.part}", spell_energy(energy)) for energy in environment.energy),
    ]


def describe_samples(name: str, samples: Samples | None) -> list[tuple[str, str]]:
    """Return how many samples there are of what; the record itself holds them."""
    if samples is None:
        return []
    every = samples.interval_seconds * samples.stride
    columns = ", ".join(samples.columns)
    return [(name, f"{len(samples.seconds)}, one every {every:g} s: {columns}")]


def spell_energy(energy: Energy) -> str:
    """Return an amount of energy with how far it may be trusted."""
    amount = "" if energy.joules is None else f"{energy.joules:.4g} J, "
    reason = f": {energy.reason}" if energy.reason else ""
    return f"{amount}{energy.trust} ({energy.source}){reason}"


def describe_provenance(record: Record) -> list[tuple[str, str]]:
    """Return what made the record."""
    provenance = record.provenance
    revision = provenance.git_revision or ""
    dirty = " with changes" if provenance.git_dirty else ""
    return [
        ("dlbench", f"{provenance.dlbench} {revision[:12]}{dirty}".strip()),
        ("Python", provenance.python),
        ("command line", " ".join(provenance.command_line)),
    ]


def render_sections(sections: Iterator[Section]) -> str:
    """Return sections as text, names in one column and values, however many lines, in another."""
    blocks = []
    for title, items in sections:
        if not items:
            continue
        width = max(len(name) for name, _ in items)
        lines = [title]
        for name, value in items:
            first, *more = value.splitlines() or [""]
            lines.append(f"  {name:<{width}}  {first}".rstrip())
            lines.extend(f"  {'':<{width}}  {line}".rstrip() for line in more)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
