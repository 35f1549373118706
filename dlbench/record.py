"""The record: everything that is kept about one run, written once and never changed.

Every number in a table can be computed again from records, and a run can be executed again from
its own.  Absent rather than empty: a fact that could not be read is null and says nothing.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from dlbench.job import Event, Job, WorkerResult
from dlbench.scenario import Known

#: Version of the record format.  1: first.
SCHEMA = 1

Kind: TypeAlias = Literal["measurement", "parity", "calibration"]
Status: TypeAlias = Literal["ok", "unsupported", "failed", "missing", "invalid"]


class CellFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The cell that was executed: what was asked for."""

    scenario: str
    framework: str
    #: The distribution that brought the framework, and its version.
    plugin: str
    plugin_version: str
    image_id: str
    stack: str
    device: str
    #: The variant: every axis with its value.
    axes: dict[str, str]
    #: Axes asked for that this framework does not have: it ran without.
    not_applicable: tuple[str, ...] = ()
    quick: bool = False


class ScenarioFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The scenario as it was: digest of its meaning, and its whole text."""

    name: str
    digest: str
    metric: str
    file_text: str
    values: dict[str, Any] = {}
    #: The quality that was known of this cell when the run was made; None where none was.
    known: Known | None = None


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The image that the run had: versions as stated, identity, everything installed."""

    image_id: str
    device: str
    tag: str
    context_digest: str
    engine_id: str
    pinned: bool
    versions: dict[str, str]
    wheels: tuple[str, ...] = ()
    packages: dict[str, str] = {}
    system_packages: dict[str, str] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the run ended: as the host saw it, and as the worker said."""

    #: ``refused``: before anything was executed, because the framework cannot do the cell.
    how: Literal["exited", "timeout", "oom", "interrupted", "lost", "refused"]
    status: Status
    exit_code: int | None = None
    detail: str = ""
    wall_seconds: float = 0.0
    #: The end of the run's output, kept where it did not end well.
    log_tail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the run ended as it should and its numbers may be used."""
        return self.how == "exited" and self.status == "ok"

    def describe(self, limits: Limits) -> str:
        """Say in a few words why there is no number, as a table cell shows it."""
        if self.how == "timeout":
            return f"timeout {limits.timeout_seconds:g} s"
        if self.how == "oom":
            return f"oom {limits.memory_bytes / 2**30:.3g} GiB"
        if self.how in {"interrupted", "lost"}:
            return self.how
        return self.status if self.ok else f"{self.status}: {self.detail}"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that the run had."""

    timeout_seconds: float
    memory_bytes: int
    cpus: tuple[int, ...]
    pids: int


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """Quantities sampled while the run went on; every column is as long as ``seconds``.

    Cumulative quantities (``..._seconds``, ``..._joules``) count from the run's start; of others a
    sample is the mean over its interval.  What could not be read at a moment is null, and a
    quantity that never could be has no column.
    """

    #: How far apart samples were taken, and how many of them one that is kept stands for.
    interval_seconds: float
    stride: int
    #: Since the run's start.
    seconds: list[float]
    columns: dict[str, list[float | None]]


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the machine used over the run as a whole, whoever used it."""

    part: Literal["processor", "device"]
    #: Which counter or program says so.
    source: str
    #: ``measured``: a counter of what flowed; ``estimated``: a model, or sampled power.
    trust: Literal["measured", "estimated", "unavailable"]
    joules: float | None = None
    #: Why it is estimated or unavailable.
    reason: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, as found before, while and after the run went on."""

    host: str
    operating_system: str
    kernel: str
    cpu_model: str
    cpu_count: int
    cpu_features: tuple[str, ...]
    memory_bytes: int
    virtualization: str | None = None
    governor: str | None = None
    frequency_mhz: float | None = None
    load_before: tuple[float, float, float] | None = None
    load_after: tuple[float, float, float] | None = None
    #: Host counters over the run: foreign CPU seconds, steal, memory pressure.
    during: dict[str, Any] = {}
    #: The machine, and each device by its index, sampled by the host.
    samples: Samples | None = None
    gpu_samples: dict[str, Samples] = {}
    energy: tuple[Energy, ...] = ()
    gpus: tuple[dict[str, Any], ...] = ()
    engine: dict[str, Any] = {}


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Which dlbench made the record, and by which command line."""

    dlbench: str
    python: str
    command_line: tuple[str, ...]
    git_revision: str | None = None
    git_dirty: bool | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that parity compared: the largest difference found, and the bound it has to keep.

    ``declared`` is a difference of definitions that the plugin states itself.
    """

    name: str
    status: Literal["passed", "declared", "failed"]
    difference: float | Literal["nan", "inf"] | None = None
    bound: float | None = None
    #: The first layer, weight or step that differs, or what was declared; empty where none.
    detail: str = ""


class ParityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the cell was shown to do the work that the oracle does, and by which run."""

    verdict: Literal["passed", "failed", "not run"]
    #: Equal for cells that one parity run speaks for.
    key: str = ""
    #: The parity run; empty where there was none.
    run_id: str = ""
    #: Why there is none, or the first check that failed.
    reason: str = ""
    checks: tuple[Check, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept about one run."""

    schema: int
    run_id: str
    #: UTC, ISO 8601, to the millisecond, so that runs of one second keep their order.
    started: str
    campaign: str
    round: int
    cell: CellFacts
    scenario: ScenarioFacts
    image: ImageFacts
    job: Job
    limits: Limits
    outcome: Outcome
    result: WorkerResult | None
    events: list[Event]
    environment: Environment
    provenance: Provenance
    #: ``measurement`` is what tables compare; ``parity`` and ``calibration`` stand beside it.
    kind: Kind = "measurement"
    #: Of a measurement: what is known of its cell; of a parity run: its own verdict.
    parity: ParityFacts = ParityFacts(verdict="not run")
