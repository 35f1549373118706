"""What ``dlbench reproduce RUN`` does: a record's cell again, as it was; does it agree?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench import agreement
from dlbench.agreement import Agreement
from dlbench.campaign import Judge, PlanChange
from dlbench.cells import Cell, Request
from dlbench.cli.display import Display
from dlbench.cli.session import Options, Session
from dlbench.cli.workspace import ENGINES, open_workspace
from dlbench.errors import (
    DisagreementError,
    ImageError,
    NothingToRunError,
    UsageError,
)
from dlbench.judgement import ROUNDS_AT_LEAST, Band
from dlbench.metrics import find_metric
from dlbench.preparation import Preparation
from dlbench.record import Record
from dlbench.rounds import Rounds
from dlbench.rows import Row, pool
from dlbench.runner import PreparedRun
from dlbench.scenario import Plan
from dlbench.standings import Standing
from dlbench.store import Store, read_record
from dlbench.summary import RunSummary, summarize
from dlbench.tables import Table

#: What a job states beside run id and plan: where one differs, the work is another.
WORK = ("task", "settings", "data", "items_per_step", "feed", "loop", "processes")


class RecordedPlan(PlanChange, frozen=True, kw_only=True):
    """The plan of a record in place of the scenario's, but for its rounds."""

    plan: Plan

    def apply(self, plan: Plan) -> Plan:
        """Return the record's plan, whatever the scenario's is now."""
        return super().apply(self.plan)


class Original(Struct, frozen=True, kw_only=True):
    """The record that is repeated, and all good runs of its cell in its campaign."""

    record: Record
    row: Row


def repeat_record(name: str, options: Options, band: Band) -> None:
    """Execute again what run ``name`` was, and say whether the two agree.

    ``name`` begins a run id, is ``last``, or the path of a record's file.  Raises
    DisagreementError where they do not agree, and the DlbenchError that states how it ended where
    it came to no figure.
    """
    original = find_original(name, Store(open_workspace(options.results).results))
    check_environment(original.record, options)
    with tempfile.TemporaryDirectory(prefix="dlbench-") as folder:
        request = request_again(original.record, Path(folder))
        RepetitionSession(
            requests=[request],
            options=recall_options(original, options),
            original=original,
            band=band,
        ).execute()


def find_original(name: str, store: Store) -> Original:
    """Return a record with the runs beside it; raises UsageError where it cannot be repeated."""
    if Path(name).is_file():
        record = read_record(Path(name))
        beside: Sequence[RunSummary] = ()
    else:
        record = store.load(name)
        beside = store.select().runs
    if record.kind != "measurement":
        command = {"parity": "dlbench verify --again", "calibration": "dlbench calibrate"}
        raise UsageError(
            f"run {record.run_id} measured nothing: it is of kind {record.kind}",
            f"{command[record.kind]} executes the like again",
        )
    if not record.outcome.ok:
        raise UsageError(
            f"run {record.run_id} has no figure to agree with: "
            f"{record.outcome.describe(record.limits)}",
            f"dlbench show {record.run_id}",
        )
    own = summarize(record)
    if find_metric([own]).read(own) is None:
        raise UsageError(
            f"run {record.run_id} has timed nothing that could agree",
            f"dlbench show {record.run_id}",
        )
    alike = [
        run
        for run in beside
        if run.campaign == own.campaign and run.conditions.row_key == own.conditions.row_key
    ]
    return Original(record=record, row=Row(tuple(alike) or (own,)))


def check_environment(record: Record, options: Options) -> None:
    """Raise UsageError where the record's environment is not one that dlbench can make alone."""
    wheels = {path.name for path in options.wheels}
    missing = [wheel for wheel in record.image.wheels if wheel not in wheels]
    if missing:
        raise UsageError(
            f"run {record.run_id} had local wheels: {', '.join(missing)}",
            "give each with --wheel FILE",
        )
    if not (record.image.pinned or record.image.wheels or options.python):
        raise UsageError(
            f"run {record.run_id} took what was installed for somebody's own Python",
            "name that interpreter with --python",
        )


def request_again(record: Record, folder: Path) -> Request:
    """Return the request for the record's cell; its scenario is written into ``folder``."""
    cell = record.cell
    path = folder / f"{record.scenario.name}.yaml"
    path.write_text(record.scenario.file_text, encoding="utf-8")
    axes = ",".join(f"{name}={value}" for name, value in cell.axes.items())
    return Request(
        scenarios=(str(path),),
        frameworks=(f"{cell.framework}=={cell.image_id}" + (f":{axes}" if axes else ""),),
        device=cell.device,
        quick=cell.quick,
    )


def recall_options(original: Original, options: Options) -> Options:
    """Return ``options`` with the record's own plan, engine and memory where none was asked for."""
    record, asked = original.record, options.plan_change
    engine = str(record.environment.engine.get("name", ""))
    change = RecordedPlan(
        plan=record.job.plan,
        rounds=asked.rounds or choose_rounds(original),
        timeout_seconds=asked.timeout_seconds,
    )
    known = engine if engine in ENGINES and not options.python else None
    return msgspec.structs.replace(
        options,
        plan_change=change,
        engine=options.engine or known,
        memory_bytes=options.memory_bytes or record.limits.memory_bytes,
    )


def choose_rounds(original: Original) -> Rounds:
    """Return the rounds of the record's plan, and at least as many as agreement can rest on."""
    span = original.record.job.plan.span
    if len(original.row.good) < ROUNDS_AT_LEAST:
        return Rounds(ROUNDS_AT_LEAST, ROUNDS_AT_LEAST)
    return Rounds(max(span.at_least, ROUNDS_AT_LEAST), max(span.at_most, ROUNDS_AT_LEAST))


@dataclass
class RepetitionSession(Session):
    """One ``dlbench reproduce RUN``."""

    original: Original = field(kw_only=True)
    band: Band = field(kw_only=True)
    found: Agreement | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Have the tables show both sides."""
        self.tabulate = self.tabulate_both

    @property
    def record(self) -> Record:
        """The record that is repeated."""
        return self.original.record

    def show_missing(
        self, display: Display, cells: Sequence[Cell], preparation: Preparation
    ) -> None:
        """Raise where the work or the image is no longer the record's; then say what to fetch."""
        for cell in cells:
            check_work(self.record, cell)
            if self.record.image.pinned:
                check_image(self.record, preparation.render(cell).digest)
        super().show_missing(display, cells, preparation)

    def _prepare(
        self, cells: Sequence[Cell], preparation: Preparation
    ) -> tuple[list[tuple[Cell, PreparedRun]], list[ImageError]]:
        runs, errors = super()._prepare(cells, preparation)
        for _, run in runs:
            check_job(self.record, run)
        return runs, errors

    def find_judge(self) -> Judge:
        """Return who says after each round whether there have to be more."""

        def judge(records: Sequence[Record]) -> Standing | None:
            again = gather(records)
            if again is None:
                return None
            metric = find_metric(self.original.row.good)
            return agreement.stand_beside(self.original.row, again, metric, self.band)

        return judge

    def tabulate_both(self, records: Sequence[Record], _store: Store) -> list[Table]:
        """Return the table of the record and of what repeated it, as far as it has a figure."""
        again = gather(records)
        if again is None:
            return []
        metric = find_metric(self.original.row.good)
        self.found = agreement.judge_again(self.original.row, again, metric, self.band)
        remarks = compare_builds(self.record, records[-1])
        return [agreement.tabulate_agreement(self.found, remarks)]

    def execute(self) -> None:
        """Do all of it; raises the DlbenchError that states how it ended, unless both agree."""
        super().execute()
        if self.found is not None and self.found.verdict != "agrees":
            raise DisagreementError(
                f"run {self.record.run_id}: {self.found.summary}",
                "dlbench doctor says what may disturb this machine; --rounds asks for more runs"
                if self.found.verdict == "undecided"
                else f"dlbench show {self.record.run_id} has what it was measured on",
            )


def gather(records: Sequence[Record]) -> Row | None:
    """Return the row that ``records`` of one cell make, None where none ended well."""
    rows = [row for row in pool(summarize(record) for record in records) if row.good]
    return rows[-1] if rows else None


def compare_builds(record: Record, again: Record) -> list[str]:
    """Say where the image has the record's definition and was built anew."""
    old, new = record.image.engine_id, again.image.engine_id
    if old == new or not record.image.pinned:
        return []
    return [f"the image was built again from the same definition: {new[:19]}, it was {old[:19]}"]


def check_work(record: Record, cell: Cell) -> None:
    """Raise NothingToRunError where this dlbench takes the scenario for other work."""
    if cell.scenario.digest != record.scenario.digest:
        raise NothingToRunError(
            f"this dlbench reads the scenario of run {record.run_id} otherwise (digest "
            f"{cell.scenario.digest}, the record's {record.scenario.digest})",
            describe_maker(record),
        )


def check_image(record: Record, digest: str) -> None:
    """Raise ImageError where the image is defined otherwise now."""
    if digest != record.image.context_digest:
        raise ImageError(
            f"image {record.image.image_id} is defined otherwise now (context {digest[:12]}, the "
            f"record's {record.image.context_digest[:12]})",
            describe_maker(record),
        )


def check_job(record: Record, run: PreparedRun) -> None:
    """Raise NothingToRunError where the worker would be told to do other work."""
    other = [name for name in WORK if getattr(run.job, name) != getattr(record.job, name)]
    if other:
        raise NothingToRunError(
            f"this dlbench would do otherwise than run {record.run_id}: {', '.join(other)}",
            describe_maker(record),
        )


def describe_maker(record: Record) -> str:
    """Say which dlbench can repeat a record."""
    made = record.provenance
    revision = f", revision {made.git_revision[:12]}" if made.git_revision else ""
    return f"dlbench {made.dlbench}{revision} made it, and can repeat it"
