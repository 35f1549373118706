"""What works where: every scenario on every framework, by quick runs, for docs/frameworks.md.

    python benchmarks/frameworks.py run                  execute what no quick run is known of
    python benchmarks/frameworks.py run --framework torch --scenario vgg16 [--again]
    python benchmarks/frameworks.py gather results/...   take the runs that lie in results folders
    python benchmarks/frameworks.py write                write the tables into the page

Each cell is one ``dlbench run SCENARIO --quick``, parity included, in the variant that all defaults
make.  What came of it is kept in benchmarks/results/frameworks.json, a fact a cell; refusals are
asked of the plugins, and need no run.  A fact of a scenario that has changed since is dropped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from frameworks_page import Fact, read_facts, write_facts, write_page
from msgspec.structs import replace
from single_run import attempt, list_images, spell

from dlbench.cells import Cell, RefusedCell, Request, expand
from dlbench.cli.workspace import Workspace, open_workspace
from dlbench.errors import DlbenchError, StoppedError, TerminatedError
from dlbench.scenario import names
from dlbench.store import Store
from dlbench.summary import RunSummary, summarize

#: A quick run is to take two minutes; one that takes so long has not ended.
TIMEOUT_SECONDS = 900.0


def list_cells(
    workspace: Workspace,
    frameworks: Iterable[str] = (),
    scenarios: Iterable[str] = (),
    settings: Iterable[str] = (),
) -> Iterator[Cell | RefusedCell]:
    """Yield each scenario on each image, in the variant that all defaults make but ``settings``."""
    settings = tuple(settings)
    catalog = workspace.catalog()
    for framework, image in list_images(catalog, frameworks):
        for name in scenarios or names(workspace.scenarios):
            request = Request(
                scenarios=(name,),
                frameworks=(spell(framework, image),),
                axes=settings,
                quick=True,
            )
            yield from expand(request, catalog, workspace.scenarios)


def is_of(fact: Fact, cell: Cell) -> bool:
    """Return whether ``fact`` is of ``cell``, by all that decides what is executed."""
    asked = (cell.scenario.name, cell.scenario.digest, cell.entry.framework.name, cell.image.id)
    found = (fact.scenario, fact.digest, fact.framework, fact.image)
    return found == asked and fact.axes.items() <= cell.variant.items()


def make_fact(run: RunSummary) -> Fact:
    """Return what is kept of a quick run."""
    return Fact(
        scenario=run.cell.scenario,
        digest=run.conditions.digest,
        framework=run.cell.framework,
        image=run.cell.image_id,
        # Threads are the machine's.
        axes={name: value for name, value in run.cell.axes.items() if name != "threads"},
        outcome="works" if run.ok else run.outcome,
        parity=run.parity,
        parity_reason=run.parity_reason,
        audit=run.audit_failures,
        run=run.run_id,
        started=run.started,
        kind=run.kind,
    )


def run_cell(cell: Cell) -> Fact:
    """Execute one cell and return what came of it; raises DlbenchError where nothing did."""
    request = Request(
        scenarios=(cell.scenario.name,),
        frameworks=(f"{cell.entry.framework.name}=={cell.image.id}",),
        axes=(f"threads={cell.variant['threads']}",),
        quick=True,
    )
    return make_fact(summarize(attempt(request, timeout_seconds=TIMEOUT_SECONDS).record))


def merge(facts: Iterable[Fact]) -> list[Fact]:
    """Return one fact of each cell: the newest quick run, with the newest verdict on parity."""
    newest: dict[tuple[str, str, str, str], Fact] = {}
    for fact in sorted(facts, key=lambda fact: fact.started):
        newest[fact.scenario, fact.framework, fact.image, fact.kind] = fact
    found = []
    for (*cell, kind), fact in newest.items():
        verdict = newest.get((cell[0], cell[1], cell[2], "parity"))
        if kind == "parity" and (cell[0], cell[1], cell[2], "measurement") in newest:
            continue
        if fact.parity == "not run" and verdict is not None:
            fact = replace(fact, parity=verdict.parity, parity_reason=verdict.parity_reason)
        found.append(fact)
    return found


def run_all(cells: Iterable[Cell], *, again: bool) -> list[str]:
    """Execute every cell that no fact is known of; return what could not be executed."""
    problems = []
    for cell in cells:
        known = [fact for fact in read_facts() if is_of(fact, cell)]
        if not again and any(fact.kind == "measurement" for fact in known):
            continue
        try:
            write_facts(merge([*read_facts(), run_cell(cell)]))
        except (StoppedError, TerminatedError):
            raise
        except DlbenchError as error:
            problems.append(f"{cell.scenario.name} on {cell.image.id}: {error.message}")
    return problems


def gather(folders: Iterable[Path], cells: Iterable[Cell]) -> int:
    """Take the quick and the parity runs of ``cells`` in results folders; return their number."""
    found = [
        make_fact(run)
        for folder in folders
        for run in Store(folder).select().runs
        if run.how not in {"refused", "interrupted", "lost"}
        and (run.kind == "parity" or (run.kind == "measurement" and run.cell.quick))
    ]
    cells = list(cells)
    known = [fact for fact in found if any(is_of(fact, cell) for cell in cells)]
    write_facts(merge([*read_facts(), *known]))
    return len(known)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("run", "gather", "write"))
    parser.add_argument("folders", nargs="*", type=Path, help="gather: results folders")
    parser.add_argument("--framework", action="append", default=[])
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--threads", type=int, help="of a run: beside other work 1 takes less time")
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    try:
        settings = () if given.threads is None else (f"threads={given.threads}",)
        every = list(list_cells(open_workspace(), given.framework, given.scenario, settings))
        cells = [one for one in every if isinstance(one, Cell)]
        if given.what == "run" and (problems := run_all(cells, again=given.again)):
            raise SystemExit("\n".join(problems))
        if given.what == "gather":
            print(f"{gather(given.folders, cells)} runs were found")
        if given.what == "write":
            write_page(every)
    except DlbenchError as error:
        raise SystemExit(f"{error.message}\n{error.hint}") from None


if __name__ == "__main__":
    main()
