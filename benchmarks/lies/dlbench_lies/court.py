"""The court: executes a case as `dlbench verify` and `dlbench run` would; says what it found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from dlbench.build_settings import read_settings
from dlbench.catalog import GROUP, Catalog, load_catalog
from dlbench.cells import Cell, Request, expand
from dlbench.cli.workspace import open_workspace
from dlbench.engine import BuiltImage, Engine
from dlbench.job import Event
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.provenance import find_provenance
from dlbench.record import ParityFacts, Provenance, Record
from dlbench.runner import PreparedRun, execute_run
from dlbench.store import Store
from dlbench.summary import find_audit_failures
from dlbench.verification import Verifier
from dlbench_lies.cases import THREADS, WRITTEN, Case

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "lies.yaml"
MEMORY_BYTES = 4 * 2**30


class Silent:
    """Nobody is told how verification goes on."""

    def progress(self, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def begin_run(self, number: int, total: int, run: PreparedRun) -> None:
        """Nothing."""

    def see_event(self, event: Event) -> None:
        """Nothing."""

    def end_run(self, record: Record, path: Path) -> None:
        """Nothing."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What verifying and measuring a case has found."""

    case: Case
    #: Names of the parity checks that failed, then of the audit's facts that did not hold.
    failed: tuple[str, ...]
    #: Why something could not be executed, or gave no verdict; empty where all went well.
    trouble: str
    seconds: float

    @property
    def right(self) -> bool:
        """Whether a lie was caught and named, or nothing was found where nothing is."""
        if self.trouble:
            return False
        return not self.failed if self.case.honest else bool(self.case.names(self.failed))

    def describe(self) -> str:
        """Return the line of this case."""
        text = f"{self.case.name:56} {self.describe_end()}"
        return f"{text}  ({self.seconds:.0f} s)"

    def describe_end(self) -> str:
        """Say what was found, and whether that is right."""
        found = ", ".join(self.failed) or "nothing"
        if self.trouble:
            return f"TROUBLE: {self.trouble}; found {found}"
        if self.case.honest:
            return "honest: nothing found" if self.right else f"FALSE CATCH by {found}"
        if not self.failed:
            return "ESCAPED"
        named = self.case.names(self.failed)
        return f"caught by {found}; named by {named or 'NONE'}"


@dataclass(kw_only=True)
class Court:
    """Executes cases on one engine, with a cache of its own."""

    engine: Engine
    images_folder: Path
    catalog: Catalog
    #: For scenarios, cache, runs and records; removed in the end.
    folder: Path
    provenance: Provenance
    built: dict[tuple[str, str], BuiltImage] = field(default_factory=dict)

    @property
    def preparation(self) -> Preparation:
        """What prepares runs."""
        return Preparation(
            engine=self.engine,
            images_folder=self.images_folder,
            cache=self.folder / "cache",
            settings=read_settings(wheels=()),
            on_progress=print,
        )

    def try_case(self, case: Case) -> Finding:
        """Verify and measure one case."""
        start = time.monotonic()
        cell = self.find_cell(case)
        parity = self.verify(cell)
        record = self.measure(cell)
        failed = [check.name for check in parity.checks if check.status == "failed"]
        failed += find_audit_failures(record.result.audit) if record.result else ()
        trouble = parity.reason if parity.verdict == "not run" else ""
        if not record.outcome.ok:
            trouble = record.outcome.describe(record.limits)
        return Finding(
            case=case,
            failed=tuple(failed),
            trouble=trouble,
            seconds=time.monotonic() - start,
        )

    def find_cell(self, case: Case) -> Cell:
        """Return the cell of a case."""
        request = Request(
            scenarios=(str(self.write_scenario(case.optimizer)),),
            frameworks=(case.framework,),
            axes=(THREADS,),
            quick=True,
        )
        (cell,) = expand(request, self.catalog, ())
        if not isinstance(cell, Cell):
            raise SystemExit(f"{case.name}: {cell.reason}")
        return cell

    def write_scenario(self, optimizer: str) -> Path:
        """Write the scenario with an optimizer, under a name of its own."""
        path = self.folder / f"lies-{optimizer}.yaml"
        text = SCENARIO.read_text(encoding="utf-8")
        text = text.replace("name: lies\n", f"name: lies-{optimizer}\n")
        text = text.replace(WRITTEN["rmsprop"], WRITTEN[optimizer])
        path.write_text(text, encoding="utf-8")
        return path

    def image_of(self, cell: Cell) -> BuiltImage:
        """Return the image of a cell, built now where it is not there."""
        key = cell.image.id, cell.device
        if key not in self.built:
            built, errors = self.preparation.ensure_images([cell])
            if errors:
                raise errors[0]
            self.built.update(built)
        return self.built[key]

    def choices(self, campaign: str) -> Choices:
        """Return what all runs share."""
        return Choices(campaign=campaign, change_plan=lambda plan: plan, memory_bytes=MEMORY_BYTES)

    def verify(self, cell: Cell) -> ParityFacts:
        """Return the verdict on a cell."""
        verifier = Verifier(
            preparation=self.preparation,
            catalog=self.catalog,
            store=Store(self.folder / "results"),
            choices=self.choices("parity"),
            provenance=self.provenance,
            observer=Silent(),
            scratch=self.folder / "runs",
        )
        (facts,) = verifier.verify([(cell, self.image_of(cell))])
        return facts

    def measure(self, cell: Cell) -> Record:
        """Execute a short run of a cell."""
        run = prepare_run(cell, self.image_of(cell), None, self.choices("lies"))
        return execute_run(
            run, self.engine, scratch=self.folder / "runs", provenance=self.provenance
        )


def load_lies() -> Catalog:
    """Return the catalog of what is installed, with the lies."""
    installed = [point for point in entry_points(group=GROUP) if point.value != "dlbench_lies"]
    return load_catalog([*installed, EntryPoint("lies", "dlbench_lies", GROUP)])


@contextmanager
def open_court(engine: str) -> Iterator[Court]:
    """Yield a court on ``engine``, whose folder is removed afterwards."""
    workspace = open_workspace()
    with tempfile.TemporaryDirectory(prefix="dlbench-lies-") as name:
        yield Court(
            engine=workspace.engine(engine),
            images_folder=workspace.images,
            catalog=load_lies(),
            folder=Path(name),
            provenance=find_provenance(("benchmarks/lies.py",)),
        )
