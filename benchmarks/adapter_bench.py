"""One comparison of an adapter with a hand-written script, ready: both sides in fresh containers.

Both have the same image, limits, threads and data, and do their work in turns.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from adapter_turns import HANDWRITTEN, play

from dlbench.build_settings import read_settings
from dlbench.cells import Cell, Request, expand
from dlbench.cli.workspace import open_workspace
from dlbench.engine import Engine
from dlbench.host import usable_memory_bytes
from dlbench.job import Plan
from dlbench.network import summarize
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.provenance import find_provenance
from dlbench.record import Record
from dlbench.runner import PreparedRun, execute_run, new_id, write_inputs

MEMORY_SHARE = 0.8

#: What TensorFlow reads its numbers of threads from, where a script says nothing of them.
THREAD_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What both sides of a comparison do, and where each says how long it took."""

    name: str
    #: As ``dlbench run`` takes it.
    framework: str
    scenario: str
    axes: tuple[str, ...]
    change_plan: Callable[[Plan], Plan]
    #: The script with its arguments.
    script: tuple[str, ...]
    #: Files that the script imports.
    beside: tuple[str, ...] = ()
    #: How often each side passes its turn on: steps, or epochs.
    turns: int
    #: The phase of dlbench's record that is compared, without its first ``skipped`` values.
    phase: str
    skipped: int = 0
    #: The seconds in what the script wrote, as many as the phase has.
    read_seconds: Callable[[Mapping[str, Any]], list[float]]

    @property
    def product(self) -> str:
        """The framework whose matrix product is the peak."""
        return self.framework.partition("==")[0]


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one side did in a pair: the seconds of its steps or epochs in order, and how well."""

    seconds: list[float]
    #: Test accuracy after the last epoch, where there were epochs.
    accuracy: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One comparison, ready: the prepared run of dlbench, whose image and limits the script has."""

    work: Work
    run: PreparedRun
    #: One for each side, for an engine executes one run at a time.
    engines: tuple[Engine, Engine]
    scratch: Path
    threads: int
    #: Variables that both sides have beside their own.
    environment: Mapping[str, str]
    training_flops: int

    def play(self) -> tuple[Side, Side]:
        """Execute both sides once, in turns; return what dlbench did, and what the script did."""
        sides = (self.dlbench_side, self.handwritten_side)
        return play(self.engines, self.work.turns, *sides, self.environment)

    def dlbench_side(self, engine: Engine) -> Side:
        """Execute dlbench's run."""
        record = execute_run(
            self.run,
            engine,
            scratch=self.scratch,
            provenance=find_provenance(("benchmarks/adapters.py",)),
        )
        seconds = phase_values(record, self.work.phase)
        accuracy = phase_values(record, "epoch_accuracy")
        return Side(
            seconds=seconds[self.work.skipped :],
            accuracy=accuracy[-1] if accuracy else None,
        )

    def handwritten_side(self, engine: Engine) -> Side:
        """Execute the script."""
        found = self.execute(engine, *self.work.script, "--turns")
        seconds = self.work.read_seconds(found)
        return Side(
            seconds=seconds[self.work.skipped :],
            accuracy=found["epochs"][-1]["accuracy"] if "epochs" in found else None,
        )

    def peak_flops(self) -> float:
        """Measure the matrix-product peak in the image."""
        command = ("peak.py", self.work.product, "--threads", str(self.threads))
        return float(self.execute(self.engines[0], *command)["peak_gflops"]) * 1e9

    def execute(self, engine: Engine, script: str, *arguments: str) -> dict[str, Any]:
        """Execute a script in a container of its own; return the JSON that it writes."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = Path(name)
            job = msgspec.structs.replace(self.run.job, run_id=new_id())
            spec = write_inputs(self.run, job, folder)
            for file in (script, *self.work.beside):
                shutil.copyfile(HANDWRITTEN / file, spec.in_folder / file)
            command = ("{python}", "{in}/" + script, *arguments, "--output", "{out}/times.json")
            threads = dict.fromkeys(THREAD_VARIABLES, str(self.threads))
            spec = msgspec.structs.replace(
                spec, command=command, environment={**spec.environment, **threads}
            )
            ended = engine.execute(spec)
            output = spec.out_folder / "times.json"
            if ended.how != "exited" or ended.code or not output.exists():
                log = spec.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise SystemExit(f"{script} ended: {ended.how} {ended.code}\n{log}")
            found: dict[str, Any] = json.loads(output.read_bytes())
            return found


def phase_values(record: Record, name: str) -> list[float]:
    """Return the values of a phase, none where there was no such phase."""
    if record.result is None or not record.outcome.ok:
        raise SystemExit(f"dlbench's run ended: {record.outcome}")
    phases = [phase for phase in record.result.phases if phase.name == name]
    return [float(value) for phase in phases for value in phase.values]


def prepare(work: Work, threads: int, environment: Mapping[str, str], scratch: Path) -> Bench:
    """Find or build the image, fetch the data, and settle both sides of one comparison."""
    workspace = open_workspace()
    engines = (workspace.engine("docker"), workspace.engine("docker"))
    request = Request(
        scenarios=(work.scenario,),
        frameworks=(work.framework,),
        axes=(f"threads={threads}", *work.axes),
    )
    (cell,) = expand(request, workspace.catalog(), workspace.scenarios)
    if not isinstance(cell, Cell):
        raise SystemExit(f"{work.name}: {cell.reason}")
    preparation = Preparation(
        engine=engines[0],
        images_folder=workspace.images,
        cache=workspace.cache,
        settings=read_settings(wheels=()),
        on_progress=print,
    )
    built, errors = preparation.ensure_images([cell])
    if errors:
        raise errors[0]
    choices = Choices(
        campaign="adapters",
        change_plan=work.change_plan,
        memory_bytes=int(usable_memory_bytes() * MEMORY_SHARE),
    )
    dataset = preparation.ensure_data([cell]).get(cell.scenario.data.dataset)
    return Bench(
        work=work,
        run=prepare_run(cell, built[cell.image.id, cell.device], dataset, choices),
        engines=engines,
        scratch=scratch,
        threads=threads,
        environment=environment,
        training_flops=summarize(cell.scenario).training_flops * int(cell.variant["batch_size"]),
    )
