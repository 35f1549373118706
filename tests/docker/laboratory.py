"""Executes cells of the tests' own scenarios in real containers, once each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dlbench.build_settings import read_settings
from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.cli.workspace import Workspace
from dlbench.engine import BuiltImage, Engine
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.provenance import find_provenance
from dlbench.record import Record
from dlbench.runner import execute_run

SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass
class Laboratory:
    """Executes a scenario on a framework and keeps what was executed before."""

    workspace: Workspace
    engine: Engine
    scratch: Path
    images: dict[tuple[str, str], BuiltImage] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def execute(self, scenario: str, framework: str) -> Record:
        key = scenario, framework
        if key not in self.records:
            self.records[key] = self.execute_cell(self.cell(scenario, framework))
        return self.records[key]

    def cell(self, scenario: str, framework: str) -> Cell:
        cell = self.expand(scenario, framework)
        assert isinstance(cell, Cell), cell
        return cell

    def refused(self, scenario: str, framework: str) -> RefusedCell:
        cell = self.expand(scenario, framework)
        assert isinstance(cell, RefusedCell), cell
        return cell

    def expand(self, scenario: str, framework: str) -> Cell | RefusedCell:
        request = Request(scenarios=(scenario,), frameworks=(framework,), axes=("threads=2",))
        (cell,) = expand(request, self.workspace.catalog(), (SCENARIOS,))
        return cell

    def execute_cell(self, cell: Cell) -> Record:
        preparation = Preparation(
            engine=self.engine,
            images_folder=self.workspace.images,
            cache=self.workspace.cache,
            settings=read_settings(wheels=()),
            on_progress=lambda line: None,
        )
        key = cell.image.id, cell.device
        if key not in self.images:
            built, errors = preparation.ensure_images([cell])
            assert not errors, errors
            self.images.update(built)
        choices = Choices(
            campaign="parity", change_plan=lambda plan: plan, memory_bytes=6 * 2**30, keep=False
        )
        run = prepare_run(cell, self.images[key], None, choices)
        return execute_run(run, self.engine, scratch=self.scratch, provenance=find_provenance(()))
