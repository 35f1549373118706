"""What ``dlbench reproduce STUDY`` does: its cells, as far as they are not done, and its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from dlbench import published, reproduction, studies
from dlbench.cells import Cell, RefusedCell
from dlbench.cli.conclusion import conclude
from dlbench.cli.display import Display
from dlbench.cli.interruption import Interruption
from dlbench.cli.output import print_tables
from dlbench.cli.session import Options, Session
from dlbench.datasets import Dataset
from dlbench.errors import DataError, DlbenchError, StoreError
from dlbench.preparation import Preparation, cell_facts, prepare_run
from dlbench.record import Record
from dlbench.reproduction import Place, Reproduction
from dlbench.resumption import find_done, find_records, is_same_run, plan_rest
from dlbench.runner import PreparedRun, new_id
from dlbench.store import Store
from dlbench.studies import Study
from dlbench.study_cells import Asked, PlannedPlace, plan_places
from dlbench.study_figures import Evidence
from dlbench.tables import Format

#: Where a report is written unless told otherwise, by the name of the study.
REPORTS = Path("reproduced")


class StudyOptions(Struct, frozen=True, kw_only=True):
    """What the command line says of a study, beside what every campaign has."""

    asked: Asked
    options: Options
    #: Execute also what has been executed before.
    again: bool = False
    #: The folder of the report.
    output: Path | None = None
    #: Show every column, however narrow the terminal.
    wide: bool = False


def reproduce_study(name: str, options: StudyOptions) -> None:
    """Execute what is left of study ``name``, show its tables and write its report.

    Raises the DlbenchError that states how it ended, unless all went well.
    """
    StudySession(requests=(), options=options.options, name=name, choices=options).execute()


@dataclass
class StudySession(Session):
    """One ``dlbench reproduce STUDY``."""

    name: str = field(kw_only=True)
    choices: StudyOptions = field(kw_only=True)
    study: Study = field(init=False)
    places: list[PlannedPlace] = field(init=False, default_factory=list)
    #: Why datasets could not be had.
    lost_data: dict[str, DataError] = field(init=False, default_factory=dict)
    #: Of this command alone.
    campaign: str = field(init=False, default_factory=new_id)

    @property
    def device(self) -> str:
        """The kind of device that everything is executed on."""
        return self.choices.asked.device

    def choose_cells(self) -> list[Cell | RefusedCell]:
        """Return the cells of the study that there are, each once."""
        self.study = studies.load(self.name, self.workspace.studies)
        self.places = plan_places(
            self.study, self.choices.asked, self.catalog, self.workspace.scenarios
        )
        found: dict[str, Cell | RefusedCell] = {}
        for place in self.places:
            if place.cell is not None:
                refused = RefusedCell(cell=place.cell, reason=place.reason)
                key = repr((cell_facts(place.cell), place.cell.scenario.values))
                found.setdefault(key, refused if place.reason else place.cell)
        return list(found.values())

    def show_plan(
        self, display: Display, cells: Sequence[Cell], refused: Sequence[RefusedCell]
    ) -> None:
        """Say what belongs to the study, and what of it cannot be had."""
        super().show_plan(display, cells, refused)
        for line in list_absent(self.places):
            display.note(line)

    def execute(self) -> None:
        """Do all of it; raises the DlbenchError that states how it ended, unless all went well."""
        with Display() as display:
            settled = self.settle(display)
            if settled is None:
                return
            cells, refused, preparation = settled
            runs, errors = self.prepare_places(cells, preparation, display)
            records = self.execute_rest(runs, refused, preparation, display)
            self.report([run for _, run in runs], display)
        conclude(records, errors, self.signalled)

    def execute_rest(
        self,
        runs: Sequence[tuple[Cell, PreparedRun]],
        refused: Sequence[RefusedCell],
        preparation: Preparation,
        display: Display,
    ) -> list[Record]:
        """Execute what has no records yet, and return those that it makes."""
        rest = self.find_rest([run for _, run in runs], display)
        if not rest:
            return []
        pairs = [(find_cell(run, runs), run) for run in rest]
        with Interruption(preparation.engine) as interruption:
            if self.verifies:
                pairs = self._verify(pairs, preparation, interruption, display)
            records = self._run_campaign(pairs, preparation.engine, interruption, display)
        self._keep_refusals(refused, records)
        return records

    def prepare_places(
        self, cells: Sequence[Cell], preparation: Preparation, display: Display
    ) -> tuple[list[tuple[Cell, PreparedRun]], list[DlbenchError]]:
        """Return what can be executed, and why the rest cannot; raises where nothing can."""
        data: dict[str, Dataset] = {}
        for name in sorted({cell.scenario.data.dataset for cell in cells}):
            alike = [cell for cell in cells if cell.scenario.data.dataset == name]
            try:
                data |= preparation.ensure_data(alike)
            except DataError as error:
                self.lost_data[name] = error
                display.note(f"absent   {error.message}")
        able = [cell for cell in cells if cell.scenario.data.dataset not in self.lost_data]
        if not able:
            raise next(iter(self.lost_data.values()))
        built, errors = self.build(able, preparation)
        choices = self.choose(self.campaign)
        runs = [
            (
                cell,
                prepare_run(
                    cell, image, data.get(cell.scenario.data.dataset), choices, self.wheel_names()
                ),
            )
            for cell, image in built
        ]
        return runs, [*errors, *self.lost_data.values()]

    def find_rest(self, runs: Sequence[PreparedRun], display: Display) -> list[PreparedRun]:
        """Return the runs that have to be executed, and say how many have been before."""
        if self.choices.again:
            return list(runs)
        rest = plan_rest(runs, find_records(Store(self.workspace.results), runs))
        if done := len(runs) - len(rest):
            display.note(f"{done} of {len(runs)} cells have their records (--again ignores them)")
        return rest

    def report(self, runs: Sequence[PreparedRun], display: Display) -> None:
        """Show the tables of everything that has been executed, and write the report."""
        found, records = self.collect(runs)
        from dlbench.study_report import gather_evidence
        from dlbench.study_tables import tabulate_study

        evidence = gather_evidence(
            self.study,
            found,
            records,
            published.load(self.workspace.studies),
            self.workspace.studies,
        )
        form: Format = "json" if self.options.as_json else "text"
        print_tables(tabulate_study(evidence), form, wide=self.choices.wide)
        folder = self.choices.output or REPORTS / self.study.name
        self.write(folder, evidence, records)
        display.note(f"report   {folder / 'report.md'}")

    def write(self, folder: Path, evidence: Evidence, records: Sequence[Record]) -> None:
        """Write the report; raises StoreError where it cannot be written."""
        from dlbench.cli.results import find_user, own_folders
        from dlbench.redaction import find_secrets
        from dlbench.study_report import write_report

        secrets = find_secrets(records, users=[find_user()], folders=own_folders())
        try:
            write_report(folder, evidence, records, secrets)
        except OSError as error:
            raise StoreError(
                f"cannot write the report into {folder}: {error.strerror}",
                "make room, check its permissions, or name another with --output",
            ) from error

    def collect(self, runs: Sequence[PreparedRun]) -> tuple[Reproduction, list[Record]]:
        """Return what became of every place, and the records that its figures come from."""
        records = find_records(Store(self.workspace.results), runs)
        if self.choices.again:
            records = [record for record in records if record.campaign == self.campaign]
        places = [self.conclude_place(place, runs, records) for place in self.places]
        found = Reproduction(
            format=reproduction.FORMAT,
            study=self.study.name,
            command=spell_command(self.study.name, self.choices),
            quick=self.choices.asked.quick,
            lines=tuple({place.line.key: place.line for place in self.places}.values()),
            places=tuple(places),
        )
        wanted = set(found.list_runs())
        return found, [record for record in records if record.run_id in wanted]

    def conclude_place(
        self, place: PlannedPlace, runs: Sequence[PreparedRun], records: Sequence[Record]
    ) -> Place:
        """Return what became of one place."""
        done: list[Record] = []
        reason = place.reason
        if place.cell is not None and not reason:
            run = find_run(place.cell, runs)
            done = find_done(records, run) if run else []
            reason = "" if done else self.explain(place.cell, run, records)
        return Place(
            line=place.line.key,
            scenario=place.scenario,
            axes=dict(place.axes),
            image=place.cell.image.id if place.cell else "",
            runs=tuple(record.run_id for record in done),
            reason=reason,
        )

    def explain(self, cell: Cell, run: PreparedRun | None, records: Sequence[Record]) -> str:
        """Say why a cell that is not refused has no record that ended well."""
        lost = self.lost_data.get(cell.scenario.data.dataset)
        if lost is not None:
            return lost.message
        if run is None:
            return f"image {cell.image.id} could not be built"
        ended = [record for record in records if is_same_run(record, run)]
        return ended[-1].outcome.describe(ended[-1].limits) if ended else "not executed yet"


def spell_command(name: str, choices: StudyOptions) -> str:
    """Return a command line that asks for the same, as far as it changes what is measured."""
    asked, change = choices.asked, choices.options.plan_change
    words = ["dlbench", "reproduce", name, *(["--quick"] if asked.quick else [])]
    for framework in asked.frameworks:
        words += ["--framework", framework]
    named = {
        "stack": asked.stack,
        "device": asked.device if asked.device != "cpu" else None,
        "epochs": change.epochs,
        "trials": change.trials,
        "rounds": change.rounds and f"{change.rounds.at_least}..{change.rounds.at_most}",
    }
    for option, value in named.items():
        words += [f"--{option}", str(value)] if value is not None else []
    return " ".join([*words, *([] if choices.options.parity else ["--no-parity"])])


def list_absent(places: Iterable[PlannedPlace]) -> list[str]:
    """Return a line for each reason why places have no cell at all, with whom it concerns."""
    reasons: dict[str, list[str]] = {}
    for place in places:
        if place.cell is None:
            lines = reasons.setdefault(place.reason, [])
            lines += [place.line.key] if place.line.key not in lines else []
    return [f"absent   {', '.join(lines)}: {reason}" for reason, lines in reasons.items()]


def find_run(cell: Cell, runs: Sequence[PreparedRun]) -> PreparedRun | None:
    """Return what was prepared for ``cell``, None where nothing could be."""
    facts = cell_facts(cell)
    for run in runs:
        if (run.cell, run.scenario.values) == (facts, dict(cell.scenario.values)):
            return run
    return None


def find_cell(run: PreparedRun, pairs: Iterable[tuple[Cell, PreparedRun]]) -> Cell:
    """Return the cell that ``run`` was prepared for."""
    return next(cell for cell, one in pairs if (one.cell, one.scenario) == (run.cell, run.scenario))
