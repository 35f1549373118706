"""Verification: whether each cell does the work that the oracle does, found out once for each key.

A verdict that is known is used again.  Otherwise the oracle makes its arrays in its own image,
where they are not there yet, and the cell's framework is run against them in a fresh container.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dlbench.catalog import Catalog
from dlbench.cells import Cell
from dlbench.engine import BuiltImage
from dlbench.errors import DlbenchError, StoreError
from dlbench.fingerprint import maker_key, parity_key, reference_key
from dlbench.framework import Difference
from dlbench.job import Event, Job, JobData, Parity
from dlbench.observation import numbers
from dlbench.oracle import NotRunError, find_oracle_cell
from dlbench.parity import judge
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.probes import for_oracle, make_parity
from dlbench.record import ParityFacts, Provenance, Record
from dlbench.references import References, StoppedWaitingError, count_bytes
from dlbench.runner import PreparedRun, execute_run
from dlbench.store import Store
from dlbench.support import applies
from dlbench.verdicts import Verdicts

#: A parity run takes seconds, of the largest networks minutes; on a machine that is busy, more.
TIMEOUT_SECONDS = 3600.0


class Observer(Protocol):
    """Who is told how verification goes on."""

    def progress(self, text: str) -> None:
        """Something is waited for."""

    def note(self, text: str) -> None:
        """Something was done that stays to be read."""

    def begin_run(self, number: int, total: int, run: PreparedRun) -> None:
        """Run ``number`` of at most ``total`` is about to begin."""

    def see_event(self, event: Event) -> None:
        """The worker has said something; called from another thread."""

    def end_run(self, record: Record, path: Path) -> None:
        """The run has ended; its record is at ``path``, the oracle's arrays are there."""


#: The reason where the user ended it.
INTERRUPTED = "interrupted"


class Question(Struct, frozen=True, kw_only=True):
    """A cell's parity run, settled but for what the oracle makes."""

    cell: Cell
    run: PreparedRun
    parity: Parity
    oracle: PreparedRun
    reference: str
    key: str


@dataclass(kw_only=True)
class Verifier:
    """Finds the verdict of cells."""

    preparation: Preparation
    catalog: Catalog
    store: Store
    choices: Choices
    #: The folder of the runs' own files.
    scratch: Path
    provenance: Provenance
    observer: Observer
    is_stopped: Callable[[], bool] = lambda: False
    #: Execute what has a verdict already.
    again: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    #: Wheels that stand in for pinned ones, for the record.
    wheels: tuple[str, ...] = ()
    #: The memory limit of the oracle's own runs; 0: none.
    oracle_memory_bytes: int = 0
    records: list[Record] = field(default_factory=list)
    _begun: int = 0
    _total: int = 0

    def verify(self, cells: Sequence[tuple[Cell, BuiltImage]]) -> list[ParityFacts]:
        """Return what is known of the parity of each cell, after all has been tried.

        Raises EngineError where a run cannot begin, StoreError where a record cannot be kept.
        """
        asked = [self.ask_or_say(cell, built) for cell, built in cells]
        questions = {one.key: one for one in asked if isinstance(one, Question)}
        answers = self.recall(questions)
        unanswered = [one for key, one in questions.items() if key not in answers]
        wanted = {one.reference for one in unanswered}
        self._total = len(unanswered) + sum(self.references.find(key) is None for key in wanted)
        answers |= {one.key: self.answer(one) for one in unanswered}
        return [answers[one.key] if isinstance(one, Question) else one for one in asked]

    def recall(self, questions: Mapping[str, Question]) -> dict[str, ParityFacts]:
        """Return the verdicts that are known already, by key."""
        if self.again:
            return {}
        found = {key: self.verdicts.find(key) for key in questions}
        return {key: judge_record(one, questions[key]) for key, one in found.items() if one}

    @property
    def references(self) -> References:
        """The oracle's arrays."""
        return References(cache=self.preparation.cache)

    @property
    def verdicts(self) -> Verdicts:
        """The parity runs that were made before."""
        return Verdicts(cache=self.preparation.cache, store=self.store)

    def ask_or_say(self, cell: Cell, built: BuiltImage) -> Question | ParityFacts:
        """Return the parity run of a cell, or why there cannot be one."""
        try:
            return self.ask(cell, built)
        except NotRunError as error:
            return ParityFacts(verdict="not run", reason=str(error))
        except DlbenchError as error:
            return ParityFacts(verdict="not run", reason=error.message)

    def ask(self, cell: Cell, built: BuiltImage) -> Question:
        """Settle the parity run of a cell; raises NotRunError or the DlbenchError why it cannot."""
        parity = make_parity(
            cell.scenario,
            cell.variant.get("precision", "float32"),
            int(cell.variant["batch_size"]),
        )
        run = self.prepare(cell, built, parity)
        other = find_oracle_cell(cell, self.catalog)
        images, errors = self.preparation.ensure_images([other])
        if errors:
            raise NotRunError(f"the oracle has no image: {errors[0].message}")
        oracle = self.prepare(other, images[other.image.id, other.device], for_oracle(parity))
        # A limit is meant for the framework that is measured; the oracle needs what it needs.
        free = msgspec.structs.replace(oracle.limits, memory_bytes=self.oracle_memory_bytes)
        oracle = replace(oracle, limits=free)
        reference = reference_key(oracle.job, oracle.built, oracle.framework, oracle.image)
        key = parity_key(run.job, built, run.framework, run.image, reference)
        return Question(
            cell=cell, run=run, parity=parity, oracle=oracle, reference=reference, key=key
        )

    def prepare(self, cell: Cell, built: BuiltImage, parity: Parity) -> PreparedRun:
        """Return the parity run of a cell, its data still missing."""
        data = JobData(kind="synthetic", item=cell.scenario.data.item)
        run = prepare_run(cell, built, None, self.choices, self.wheels)
        job: Job = msgspec.structs.replace(
            run.job,
            task=parity.probes[0].task,
            data=data,
            items_per_step=parity.probes[0].task.batch_size,
            feed="host",
            loop="step",
            parity=parity,
        )
        limits = msgspec.structs.replace(run.limits, timeout_seconds=self.timeout_seconds)
        return replace(run, job=job, limits=limits, kind="parity")

    def answer(self, question: Question) -> ParityFacts:
        """Return the verdict of a new run, whose record is kept."""
        try:
            with self.references.in_use(question.reference):
                folder = self.find_references(question)
                record = self.execute(replace(question.run, data_folder=folder))
        except (NotRunError, StoreError) as error:
            return ParityFacts(verdict="not run", key=question.key, reason=str(error))
        facts = judge_record(record, question)
        record = msgspec.structs.replace(record, parity=facts)
        keep = self.store.save if facts.verdict == "not run" else self.verdicts.keep
        self.records.append(record)
        self.observer.end_run(record, keep(record))
        return facts

    def find_references(self, question: Question) -> Path:
        """Return the folder of the oracle's arrays, which it makes where they are not there.

        Raises NotRunError where it does not, StoreError where they cannot be kept.
        """
        references, key = self.references, question.reference
        folder = references.find(key)
        if folder is not None:
            return folder
        try:
            with references.locked(key, self.observer.progress, self.is_stopped):
                # Another dlbench may have made them while this one waited.
                return references.find(key) or self.make_references(question, references)
        except StoppedWaitingError:
            raise NotRunError(INTERRUPTED) from None

    def make_references(self, question: Question, references: References) -> Path:
        """Have the oracle make its arrays; the lock is held."""
        oracle, made = question.oracle, list[Path]()
        maker = maker_key(oracle.built, oracle.framework, oracle.image)
        self.make_room(question, maker)

        def take(out_folder: Path) -> None:
            made.append(references.keep(question.reference, out_folder / "parity", maker))

        record = self.execute(oracle, take)
        self.observer.end_run(record, made[0] if made else references.folder)
        if not made or record.result is None:
            raise NotRunError(f"the oracle: {record.outcome.describe(record.limits)}")
        if diverges(record.result.parity):
            shutil.rmtree(made[0])
            raise NotRunError(
                "the oracle's own losses do not stay finite: the scenario has to state a lower "
                "`parity: {learning_rate: ...}`, or another initializer"
            )
        return made[0]

    def make_room(self, question: Question, maker: str) -> None:
        """Drop arrays that are of no use any more; raises StoreError where there is no room yet."""
        parity = question.oracle.job.parity
        assert parity is not None
        with contextlib.suppress(OSError):
            dropped_bytes = self.references.drop_useless(maker, count_bytes(parity))
            if dropped_bytes:
                self.observer.note(
                    f"dropped {dropped_bytes / 1e6:.0f} MB of the oracle's arrays that are of no "
                    "more use"
                )
        self.references.check_space(parity)

    def execute(self, run: PreparedRun, on_output: Callable[[Path], None] | None = None) -> Record:
        """Execute one run, unless the user wants no more; raises NotRunError then."""
        if self.is_stopped():
            raise NotRunError(INTERRUPTED)
        self._begun += 1
        self.observer.begin_run(self._begun, self._total, run)
        return execute_run(
            run,
            self.preparation.engine,
            scratch=self.scratch,
            provenance=self.provenance,
            on_event=self.observer.see_event,
            on_output=on_output,
        )


def judge_record(record: Record, question: Question) -> ParityFacts:
    """Return the verdict on a parity run's record, as this dlbench judges.

    A run that ended badly may still show a difference in the probes that it came to.
    """
    observed = record.result.parity if record.result else {}
    probes = question.parity.probes
    if not record.outcome.ok:
        probes = tuple(probe for probe in probes if probe.name in observed)
    facts = judge(observed, probes, declared(question.cell))
    if not record.outcome.ok and facts.verdict == "passed":
        reason = record.outcome.describe(record.limits)
        facts = msgspec.structs.replace(facts, verdict="not run", reason=reason)
    return msgspec.structs.replace(facts, key=question.key, run_id=record.run_id)


def diverges(observed: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a loss that the oracle found is infinite or no number."""
    losses = (loss for one in observed.values() for loss in numbers(one.get("losses")))
    return not all(map(math.isfinite, losses))


def declared(cell: Cell) -> list[Difference]:
    """Return the differences that the plugin declares for a cell."""
    return [
        difference
        for difference in cell.entry.framework.supports.differences
        if applies(difference, cell.image.id, cell.device, cell.variant)
    ]
