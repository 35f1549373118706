"""The accuracy that scenarios reach when they are trained to the end, kept as records.

    python benchmarks/accuracy.py                       train what has no record yet
    python benchmarks/accuracy.py --only fcnn-depth --where depth=4 --framework torch==2.13.0
    python benchmarks/accuracy.py --write               write the table into docs/accuracy.md

Each cell is one `dlbench run` of its full plan, parity included.  Its record, without what it says
of this machine, goes to benchmarks/results/accuracy as soon as it is there, so that what was ended
goes on with the next cell.  A cell that has a record of the same scenario, parameters, image and
epochs is not trained again; `--again` trains it, and the newer record counts.  `--epochs` is for a
cell that would take too long: the table says how many there were.  `--threads 1` is for two cells
at once on two CPUs: the threads of two runs would wait for each other's CPUs.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accuracy_table import PAGE, RECORDS, read_records, write_page
from single_run import execute

from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.cli.results import find_user, own_folders
from dlbench.cli.workspace import open_workspace
from dlbench.errors import DlbenchError, StoppedError, TerminatedError
from dlbench.record import Record
from dlbench.redaction import find_secrets, redact
from dlbench.store import Store

FRAMEWORKS = ("torch==2.13.0", "tensorflow==2.21.0")
#: No run of these takes as long.
TIMEOUT_SECONDS = 6 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """A scenario, with the values of its parameters that are trained."""

    scenario: str
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def requests(
        self, frameworks: Iterable[str], settings: Sequence[str] = ()
    ) -> Iterator[Request]:
        """Yield what asks for each cell by itself, ``settings`` such as ``threads=1`` included."""
        for values in itertools.product(*self.axes.values()):
            given = zip(self.axes, values, strict=True)
            axes = (*(f"{name}={value}" for name, value in given), *settings)
            for framework in frameworks:
                yield Request(scenarios=(self.scenario,), frameworks=(framework,), axes=axes)


#: What takes little time first.
WORKS = (
    Work(scenario="mnist-mlp"),
    Work(
        scenario="fcnn-depth",
        axes={"depth": ("1", "2", "3", "4"), "activation": ("tanh", "relu")},
    ),
    Work(scenario="fcnn-width", axes={"width": ("64", "128", "512", "1024")}),
    Work(scenario="mnist-cnn"),
    Work(scenario="babi-rnn"),
    Work(scenario="mnist-hrnn"),
    Work(scenario="cifar10-cnn", axes={"augmentation": ("off", "on")}),
)


def find_cell(request: Request) -> Cell | None:
    """Return the cell that ``request`` asks for; None, said aloud, where it is refused."""
    workspace = open_workspace()
    (found,) = expand(request, workspace.catalog(), workspace.scenarios)
    if isinstance(found, RefusedCell):
        print(f"refused: {found.cell.scenario.name} on {found.cell.image.id}: {found.reason}")
        return None
    return found


def is_of(record: Record, cell: Cell, epochs: int) -> bool:
    """Return whether ``record`` is of ``cell``, trained for ``epochs``, by however many threads."""
    facts, variant = record.scenario, learns(cell.variant)
    asked = (cell.scenario.digest, cell.scenario.values, cell.image.id, variant, epochs)
    return asked == (
        facts.digest,
        facts.values,
        record.cell.image_id,
        learns(record.cell.axes),
        record.job.plan.epochs,
    )


def learns(variant: Mapping[str, str]) -> dict[str, str]:
    """Return the axes of ``variant`` that may change what is learned."""
    return {name: value for name, value in variant.items() if name != "threads"}


def train(request: Request, epochs: int) -> Record:
    """Execute one cell and return its record; raises DlbenchError where it did not end well."""
    return execute(request, epochs=epochs, timeout_seconds=TIMEOUT_SECONDS)


def keep(record: Record) -> Path:
    """Save ``record`` among those of accuracy, without what it says of this machine."""
    secrets = find_secrets([record], users=[find_user()], folders=own_folders())
    return Store(RECORDS).save(redact(record, secrets))


def train_all(requests: Iterable[Request], epochs: int | None, *, again: bool) -> list[str]:
    """Train every cell that has no record yet; return what went wrong, a line each."""
    problems = []
    for request in requests:
        cell = find_cell(request)
        if cell is None:
            continue
        wanted = epochs or cell.scenario.plans["full"].epochs
        known = [one.run_id for one in read_records() if is_of(one, cell, wanted)]
        if known and not again:
            print(f"there already: {cell.scenario.name} on {cell.image.id}: {known[-1]}")
            continue
        try:
            print(f"kept: {keep(train(request, wanted))}")
        except (StoppedError, TerminatedError):
            raise
        except DlbenchError as error:
            problems.append(f"{cell.scenario.name} on {cell.image.id}: {error.message}")
            print(f"failed: {problems[-1]}")
    return problems


def main() -> None:
    """Read the options and train, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=[work.scenario for work in WORKS])
    parser.add_argument("--where", action="append", default=[], metavar="PARAMETER=VALUE")
    parser.add_argument("--framework", action="append")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    given = parser.parse_args()
    if given.write:
        write_page(read_records())
        return
    settings = () if given.threads is None else (f"threads={given.threads}",)
    requests = [
        request
        for work in WORKS
        if work.scenario in (given.only or [work.scenario])
        for request in work.requests(given.framework or FRAMEWORKS, settings)
        if set(given.where) <= set(request.axes)
    ]
    try:
        problems = train_all(requests, given.epochs, again=given.again)
    except DlbenchError as error:
        raise SystemExit(f"{error.message}\n{error.hint}") from None
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
