"""What ``dlbench run`` does: plan, images, data, campaign, table, one after another."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from dlbench.campaign import Campaign, PlanChange, failures
from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.cli.display import Display, describe_cell
from dlbench.cli.interruption import Interruption
from dlbench.cli.output import print_tables
from dlbench.cli.workspace import Workspace, open_workspace
from dlbench.description import describe_plan
from dlbench.engine import Engine
from dlbench.errors import (
    DlbenchError,
    ImageError,
    NothingToRunError,
    RunsFailedError,
    StoppedError,
    TerminatedError,
)
from dlbench.host import usable_memory_bytes
from dlbench.images import BuildSettings, read_settings
from dlbench.preparation import Choices, Preparation, cell_facts, prepare_run
from dlbench.provenance import Inquiry
from dlbench.record import Kind, Record
from dlbench.refusals import record_refusals
from dlbench.runner import PreparedRun, new_id
from dlbench.scenario import Plan
from dlbench.store import Store

if TYPE_CHECKING:
    from dlbench.tables import Table

#: The share of the machine's memory that a run may have unless told otherwise.
MEMORY_SHARE = 7 / 8


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says beside which cells are wanted."""

    plan_change: PlanChange
    engine: str | None
    python: str | None
    wheels: tuple[Path, ...]
    memory_bytes: int | None
    keep: bool
    dry_run: bool
    as_json: bool
    results: Path | None


#: Makes tables of a campaign's records, with the store that they lie in.
Tabulate: TypeAlias = "Callable[[Sequence[Record], Store], list[Table]]"


@dataclass
class Session:
    """One ``dlbench run``, or another command that executes runs."""

    requests: Sequence[Request]
    options: Options
    kind: Kind = "measurement"
    #: Makes the tables that are shown at the end.
    tabulate: Tabulate = field(default_factory=lambda: tabulate_measurements)
    workspace: Workspace = field(init=False)
    #: What git is asked of the checkout while everything else is prepared.
    inquiry: Inquiry = field(init=False)
    #: The signal that ended the campaign early, if one did.
    signalled: int | None = field(default=None, init=False)

    def execute(self) -> None:
        """Do all of it; raises the DlbenchError that states how it ended, unless all went well."""
        self.inquiry = Inquiry()
        self.workspace = open_workspace(self.options.results)
        catalog, folders = self.workspace.catalog(), self.workspace.scenarios
        chosen = [one for request in self.requests for one in expand(request, catalog, folders)]
        cells = [cell for cell in chosen if isinstance(cell, Cell)]
        refused = [cell for cell in chosen if isinstance(cell, RefusedCell)]
        engine = self._open_engine(required=bool(cells) and not self.options.dry_run)
        with Display() as display:
            preparation = self._preparation(engine, display) if engine else None
            show_plan(display, cells, refused, self.options.plan_change, preparation)
            if not cells:
                raise NothingToRunError(
                    "every chosen cell is refused", "the plan above says why for each"
                )
            if self.options.dry_run or preparation is None or engine is None:
                return
            Store(self.workspace.results).check_writable()
            runs, errors = self._prepare(cells, preparation)
            records = self._run_campaign(runs, engine, display)
        self._show_table([*records, *self._keep_refusals(refused, records)])
        self._conclude(records, errors)

    def _keep_refusals(
        self, refused: Sequence[RefusedCell], records: Sequence[Record]
    ) -> list[Record]:
        """Keep a record of what was refused, beside those of what was executed."""
        refusals = list(record_refusals(refused, records))
        for record in refusals:
            Store(self.workspace.results).save(record)
        return refusals

    def _open_engine(self, *, required: bool) -> Engine | None:
        try:
            engine = self.workspace.engine(self.options.engine, python=self.options.python)
            engine.check_device(self.requests[0].device)
        except DlbenchError:
            if required:
                raise
            return None
        return engine

    def _preparation(self, engine: Engine, display: Display) -> Preparation:
        settings: BuildSettings = read_settings(wheels=self.options.wheels)
        return Preparation(
            engine=engine,
            images_folder=self.workspace.images,
            cache=self.workspace.cache,
            settings=settings,
            on_progress=display.progress,
        )

    def _prepare(
        self, cells: Sequence[Cell], preparation: Preparation
    ) -> tuple[list[PreparedRun], list[ImageError]]:
        data = preparation.ensure_data(cells)
        built, errors = preparation.ensure_images(cells)
        if not built:
            raise errors[0]
        choices = Choices(
            campaign=new_id(),
            change_plan=self.options.plan_change.apply,
            memory_bytes=self.options.memory_bytes or int(usable_memory_bytes() * MEMORY_SHARE),
            keep=self.options.keep,
            kind=self.kind,
        )
        wheels = tuple(wheel.name for wheel in self.options.wheels)
        runs = [
            prepare_run(
                cell,
                built[cell.image.id, cell.device],
                data.get(cell.scenario.data.dataset),
                choices,
                wheels,
            )
            for cell in cells
            if (cell.image.id, cell.device) in built
        ]
        return runs, errors

    def _run_campaign(
        self, runs: Sequence[PreparedRun], engine: Engine, display: Display
    ) -> list[Record]:
        from dlbench.standings import judge_records

        campaign = Campaign(
            runs=runs,
            engine=engine,
            store=Store(self.workspace.results),
            scratch=self.workspace.runs,
            provenance=self.inquiry.answer(sys.argv),
            observer=display,
            seed=runs[0].campaign,
            judge=judge_records,
        )
        with Interruption(engine) as interruption:
            campaign.execute()
        self.signalled = interruption.signalled
        return campaign.records

    def _show_table(self, records: Sequence[Record]) -> None:
        tables = self.tabulate(records, Store(self.workspace.results))
        print_tables(tables, "json" if self.options.as_json else "text")

    def _conclude(self, records: Sequence[Record], errors: Sequence[ImageError]) -> None:
        if self.signalled is not None:
            kind = TerminatedError if self.signalled == signal.SIGTERM else StoppedError
            raise kind(
                f"ended early after {len(records)} runs",
                "what was measured is kept: dlbench list results",
            )
        if errors:
            raise errors[0]
        failed = failures(records)
        if failed:
            raise RunsFailedError(
                f"{len(failed)} of {len(records)} runs did not end well",
                "\n".join(f"dlbench show {record.run_id}" for record in failed),
            )


def tabulate_measurements(records: Sequence[Record], store: Store) -> list[Table]:
    """Return a table for each scenario, with the share of the peak where ``store`` has one."""
    from dlbench.compare import compare_records

    return compare_records(records, calibrations=store.select().calibrations)


def show_plan(
    display: Display,
    cells: Sequence[Cell],
    refused: Sequence[RefusedCell],
    change: PlanChange,
    preparation: Preparation | None,
) -> None:
    """Say what will be executed, on which image and versions, and what will not, and why."""
    for cell in cells:
        display.note(f"run      {describe_cell(cell_facts(cell))}")
        versions = ", ".join(f"{name} {value}" for name, value in cell.image.versions.items())
        display.note(f"         {versions}; {cell.image_choice}")
        for name in cell.not_applicable:
            display.note(f"         {name}: not applicable")
    for refusal in refused:
        display.note(f"refused  {describe_cell(cell_facts(refusal.cell))}")
        display.note(f"         {refusal.reason}")
    for cell in {cell.scenario.name: cell for cell in cells}.values():
        plan = change.apply(find_plan(cell))
        described = describe_plan(plan, quick=cell.quick)
        display.note(f"plan     {cell.scenario.name}: {described}, {describe_rounds(cell, change)}")
    if preparation is not None:
        for line in preparation.list_missing(cells):
            display.note(line)


def find_plan(cell: Cell) -> Plan:
    """Return the plan of the scenario that ``cell`` follows."""
    return cell.scenario.plans["quick" if cell.quick else "full"]


def describe_rounds(cell: Cell, change: PlanChange) -> str:
    """Say how many rounds a cell has, and how to have others where nobody has asked for these."""
    usual, rounds = find_plan(cell).span, change.apply(find_plan(cell)).span
    words = f"{rounds} {'round' if rounds.at_most == 1 else 'rounds'}"
    if change.rounds is None and rounds != usual:
        return f"{words} (a look; for verdicts: --rounds {usual.at_least}..{usual.at_most})"
    if change.rounds is None and rounds.at_most > rounds.at_least:
        return f"{words} (until verdicts; for a look: --rounds 1)"
    return words
