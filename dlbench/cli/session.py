"""What ``dlbench run`` does: plan, images, data, campaign, table, one after another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dlbench.campaign import Campaign, Judge, PlanChange
from dlbench.catalog import Catalog
from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.cli.conclusion import conclude
from dlbench.cli.display import Display
from dlbench.cli.interruption import Interruption
from dlbench.cli.output import print_tables
from dlbench.cli.parity_display import ParityDisplay, show_verdicts
from dlbench.cli.plan import show_plan
from dlbench.cli.workspace import Workspace, open_workspace
from dlbench.engine import BuiltImage, Engine
from dlbench.errors import DlbenchError, ImageError, NothingToRunError
from dlbench.host import usable_memory_bytes
from dlbench.images import BuildSettings, read_settings
from dlbench.oracle import find_oracles
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.provenance import Inquiry
from dlbench.record import Kind, Record
from dlbench.refusals import record_refusals
from dlbench.runner import PreparedRun, new_id
from dlbench.store import Store
from dlbench.verification import TIMEOUT_SECONDS, Verifier

if TYPE_CHECKING:
    from dlbench.tables import Table

#: The share of the machine's memory that a run may have unless told otherwise.
MEMORY_SHARE = 7 / 8


class Options(Struct, frozen=True, kw_only=True):
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
    #: Whether every cell is verified before it is measured.
    parity: bool = True
    #: Whether what has a verdict is verified again.
    again: bool = False


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
    catalog: Catalog = field(init=False)
    #: What git is asked of the checkout while everything else is prepared.
    inquiry: Inquiry = field(init=False)
    #: The signal that ended the campaign early, if one did.
    signalled: int | None = field(default=None, init=False)

    def execute(self) -> None:
        """Do all of it; raises the DlbenchError that states how it ended, unless all went well."""
        with Display() as display:
            settled = self.settle(display)
            if settled is None:
                return
            cells, refused, preparation = settled
            runs, errors = self._prepare(cells, preparation)
            with Interruption(preparation.engine) as interruption:
                if self.verifies:
                    runs = self._verify(runs, preparation, interruption, display)
                records = self._run_campaign(runs, preparation.engine, interruption, display)
        self._show_table([*records, *self._keep_refusals(refused, records)])
        conclude(records, errors, self.signalled)

    def settle(self, display: Display) -> tuple[list[Cell], list[RefusedCell], Preparation] | None:
        """Settle and show what will be executed; None where only the plan was asked for."""
        self.inquiry = Inquiry()
        self.workspace = open_workspace(self.options.results)
        self.catalog = self.workspace.catalog()
        chosen = self.choose_cells()
        cells = [cell for cell in chosen if isinstance(cell, Cell)]
        refused = [cell for cell in chosen if isinstance(cell, RefusedCell)]
        engine = self._open_engine(required=bool(cells) and not self.options.dry_run)
        preparation = self._preparation(engine, display) if engine else None
        self.show_plan(display, cells, refused)
        if preparation is not None:
            self.show_missing(display, cells, preparation)
        if not cells:
            raise NothingToRunError(
                "every chosen cell is refused", "the plan above says why for each"
            )
        if self.options.dry_run or preparation is None:
            return None
        Store(self.workspace.results).check_writable()
        return cells, refused, preparation

    def choose_cells(self) -> list[Cell | RefusedCell]:
        """Return every cell that is asked for."""
        folders = self.workspace.scenarios
        return [one for request in self.requests for one in expand(request, self.catalog, folders)]

    @property
    def device(self) -> str:
        """The kind of device that everything is executed on."""
        return self.requests[0].device

    @property
    def verifies(self) -> bool:
        """Whether cells are verified before anything else is done."""
        return self.options.parity and self.kind == "measurement"

    def show_missing(
        self, display: Display, cells: Sequence[Cell], preparation: Preparation
    ) -> None:
        """Say which images and datasets are not there yet."""
        oracles = find_oracles(cells, self.catalog) if self.verifies else []
        for line in preparation.list_missing([*cells, *oracles]):
            display.note(line)

    def show_plan(
        self, display: Display, cells: Sequence[Cell], refused: Sequence[RefusedCell]
    ) -> None:
        """Say what will be executed, and what will not."""
        show_plan(display, cells, refused, self.options.plan_change)

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
            engine.check_device(self.device)
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
    ) -> tuple[list[tuple[Cell, PreparedRun]], list[ImageError]]:
        data = preparation.ensure_data(cells)
        built, errors = self.build(cells, preparation)
        choices = self.choose(new_id())
        runs = [
            (
                cell,
                prepare_run(
                    cell, image, data.get(cell.scenario.data.dataset), choices, self.wheel_names()
                ),
            )
            for cell, image in built
        ]
        return runs, errors

    def build(
        self, cells: Sequence[Cell], preparation: Preparation
    ) -> tuple[list[tuple[Cell, BuiltImage]], list[ImageError]]:
        """Return the cells that have an image, and why others have none; raises if none has."""
        built, errors = preparation.ensure_images(cells)
        if not built:
            raise errors[0]
        images = [(cell, built.get((cell.image.id, cell.device))) for cell in cells]
        return [(cell, image) for cell, image in images if image is not None], errors

    def choose(self, campaign: str) -> Choices:
        """Return what the command line fixes for every run."""
        return Choices(
            campaign=campaign,
            change_plan=self.options.plan_change.apply,
            memory_bytes=self.options.memory_bytes or int(usable_memory_bytes() * MEMORY_SHARE),
            keep=self.options.keep,
            kind=self.kind,
        )

    def wheel_names(self) -> tuple[str, ...]:
        """Return the names of the local wheels."""
        return tuple(wheel.name for wheel in self.options.wheels)

    def make_verifier(
        self,
        preparation: Preparation,
        choices: Choices,
        interruption: Interruption,
        display: Display,
    ) -> Verifier:
        """Return what finds the verdicts on cells."""
        return Verifier(
            preparation=preparation,
            catalog=self.catalog,
            store=Store(self.workspace.results),
            choices=choices,
            scratch=self.workspace.runs,
            provenance=self.inquiry.answer(sys.argv),
            observer=ParityDisplay(display),
            is_stopped=lambda: interruption.signalled is not None,
            again=self.options.again,
            timeout_seconds=self.options.plan_change.timeout_seconds or TIMEOUT_SECONDS,
            wheels=self.wheel_names(),
            oracle_memory_bytes=int(usable_memory_bytes() * MEMORY_SHARE),
        )

    def _verify(
        self,
        runs: Sequence[tuple[Cell, PreparedRun]],
        preparation: Preparation,
        interruption: Interruption,
        display: Display,
    ) -> list[tuple[Cell, PreparedRun]]:
        """Return ``runs`` with what is known of their parity."""
        choices = self.choose(runs[0][1].campaign)
        verifier = self.make_verifier(preparation, choices, interruption, display)
        found = verifier.verify([(cell, run.built) for cell, run in runs])
        show_verdicts(display, [cell for cell, _ in runs], found)
        return [
            (cell, replace(run, parity=parity))
            for (cell, run), parity in zip(runs, found, strict=True)
        ]

    def _run_campaign(
        self,
        runs: Sequence[tuple[Cell, PreparedRun]],
        engine: Engine,
        interruption: Interruption,
        display: Display,
    ) -> list[Record]:
        campaign = Campaign(
            runs=[run for _, run in runs],
            engine=engine,
            store=Store(self.workspace.results),
            scratch=self.workspace.runs,
            provenance=self.inquiry.answer(sys.argv),
            observer=display,
            seed=runs[0][1].campaign,
            judge=self.find_judge(),
        )
        if interruption.signalled is None:
            campaign.execute()
        self.signalled = interruption.signalled
        return campaign.records

    def find_judge(self) -> Judge:
        """Return who says after each round how the cells stand."""
        from dlbench.standings import judge_records

        return judge_records

    def _show_table(self, records: Sequence[Record]) -> None:
        tables = self.tabulate(records, Store(self.workspace.results))
        print_tables(tables, "json" if self.options.as_json else "text")


def tabulate_measurements(records: Sequence[Record], store: Store) -> list[Table]:
    """Return a table for each scenario, with the share of the peak where ``store`` has one."""
    from dlbench.compare import compare_records

    return compare_records(records, calibrations=store.select().calibrations)
