"""``dlbench calibrate``: measure the peak and the bandwidth that frameworks reach here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.options import (
    DeviceOption,
    DryRunOption,
    EngineOption,
    FrameworkOption,
    KeepOption,
    MemoryOption,
    PythonOption,
    ResultsOption,
    StackOption,
    Texts,
    ThreadsOption,
    WheelOption,
    parse_size,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.record import Record
    from dlbench.store import Store
    from dlbench.tables import Table

app = typer.Typer(add_completion=False)


@app.command()
def calibrate(
    framework: FrameworkOption = None,
    stack: StackOption = None,
    device: DeviceOption = "cpu",
    precision: Annotated[
        Texts,
        typer.Option(
            help="Precisions of the products, e.g. float32,bfloat16 (default: the framework's)."
        ),
    ] = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    python: PythonOption = None,
    wheel: WheelOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A try: little work, and speaks for no run.")
    ] = False,
    memory: MemoryOption = "",
    keep: KeepOption = False,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Measure the peak of matrix products and the memory bandwidth that a framework reaches here.

    Both are measured by the framework itself, in its own image, and kept as records. From then on
    dlbench compare shows which share of the peak a step reaches, for runs on the same machine, in
    the same image, with as many threads and the same precision; the newest calibration counts.

    Do it while the machine is quiet (dlbench doctor). Exits as dlbench run does.
    """
    from dlbench.calibration import find_cache_bytes, request_calibration
    from dlbench.campaign import PlanChange
    from dlbench.cells import Request
    from dlbench.cli.session import Options, Session
    from dlbench.cli.workspace import locate_bundle

    base = Request(
        scenarios=(),
        frameworks=tuple(framework or ()),
        stack=stack,
        device=device,
        axes=(f"threads={','.join(threads)}",) if threads else (),
        quick=quick,
    )
    options = Options(
        plan_change=PlanChange(),
        engine=engine,
        python=python,
        wheels=tuple(wheel or ()),
        memory_bytes=parse_size(memory) if memory else None,
        keep=keep,
        dry_run=dry_run,
        as_json=as_json,
        results=results,
    )
    folder = locate_bundle("scenarios") / "calibration"
    precisions = [name for text in precision or () for name in text.split(",")]
    requests = request_calibration(base, folder, precisions, find_cache_bytes())
    Session(requests, options, kind="calibration", tabulate=tabulate).execute()


def tabulate(records: Sequence[Record], store: Store) -> list[Table]:
    """Return the table of what a campaign reached, beside what earlier ones did."""
    from dlbench.calibration import find_lines, tabulate_calibration

    return [tabulate_calibration(find_lines(store.select().calibrations, records[0].campaign))]
