"""``dlbench verify``: check that frameworks do the work that a scenario states."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.cli.options import (
    AxisOption,
    DeviceOption,
    DryRunOption,
    EngineOption,
    FrameworkOption,
    KeepOption,
    LayoutOption,
    MemoryOption,
    PythonOption,
    ResultsOption,
    ScenariosArgument,
    StackOption,
    ThreadsOption,
    WheelOption,
    XlaOption,
    collect_axes,
    parse_size,
)

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    scenarios: ScenariosArgument,
    framework: FrameworkOption = None,
    stack: StackOption = None,
    device: DeviceOption = "cpu",
    layout: LayoutOption = None,
    xla: XlaOption = None,
    axis: AxisOption = None,
    threads: ThreadsOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Execute also what has a verdict already.")
    ] = False,
    engine: EngineOption = None,
    python: PythonOption = None,
    wheel: WheelOption = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="End a run after this time (default: 3600)."),
    ] = None,
    memory: MemoryOption = "",
    keep: KeepOption = False,
    dry_run: DryRunOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every check as JSON, for programs.")
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Check that frameworks do the work that a scenario states: parity with the oracle.

    Compared are shapes, outputs, losses, gradients, weights after some steps, every update of the
    scenario's optimizer, and dropout. A verdict is kept and speaks for every cell with the same
    network, image, adapter and axes; dlbench run asks for it by itself.

    Exits with 12 where parity failed, 10 where it could not be checked.
    """
    from dlbench.campaign import PlanChange
    from dlbench.cells import Request
    from dlbench.cli.session import Options
    from dlbench.cli.verification import VerificationSession

    request = Request(
        scenarios=tuple(scenarios),
        frameworks=tuple(framework or ()),
        stack=stack,
        device=device,
        axes=tuple(collect_axes(layout, xla, axis, None, threads)),
    )
    options = Options(
        plan_change=PlanChange(timeout_seconds=timeout),
        engine=engine,
        python=python,
        wheels=tuple(wheel or ()),
        memory_bytes=parse_size(memory) if memory else None,
        keep=keep,
        dry_run=dry_run,
        as_json=as_json,
        results=results,
        again=again,
    )
    VerificationSession([request], options).execute()
