"""``dlbench run``: execute scenarios on frameworks, keep a record of each run, show the table."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.cli.options import (
    AxisOption,
    DeviceOption,
    DryRunOption,
    EngineOption,
    EpochsOption,
    FrameworkOption,
    KeepOption,
    LayoutOption,
    MemoryOption,
    ParityOption,
    PythonOption,
    ResultsOption,
    ScenariosArgument,
    StackOption,
    Texts,
    ThreadsOption,
    TimeoutOption,
    TrialsOption,
    WheelOption,
    XlaOption,
    collect_axes,
    parse_size,
    read_rounds,
)

app = typer.Typer(add_completion=False)


@app.command()
def run(
    scenarios: ScenariosArgument,
    framework: FrameworkOption = None,
    stack: StackOption = None,
    device: DeviceOption = "cpu",
    layout: LayoutOption = None,
    xla: XlaOption = None,
    axis: AxisOption = None,
    batch_size: Annotated[
        Texts, typer.Option(help="Items per step (default: the scenario's); a list is swept.")
    ] = None,
    threads: ThreadsOption = None,
    trials: TrialsOption = None,
    warmup: Annotated[
        int | None, typer.Option(min=0, help="Exactly so many untimed steps.")
    ] = None,
    epochs: EpochsOption = None,
    rounds: Annotated[
        str,
        typer.Option(
            metavar="N[..M]",
            help="Passes over all cells, each in fresh containers, shuffled: exactly N, or N to M, "
            "until every pair has a verdict (default: the plan's; 1 with --trials).",
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="The scenario's short plan.")] = False,
    engine: EngineOption = None,
    python: PythonOption = None,
    wheel: WheelOption = None,
    timeout: TimeoutOption = None,
    memory: MemoryOption = "",
    keep: KeepOption = False,
    parity: ParityOption = True,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Execute scenarios on frameworks, keep a record of each run, and show the table.

    An axis that is given several values is swept. Axes given here reach every framework that has
    them; the others run without and are marked. After a colon they reach that framework alone:
    --framework tensorflow:xla=on,layout=NCHW.

    Each cell is verified before it is measured, as dlbench verify does, unless its verdict is
    known; what does not do the scenario's work is measured all the same, marked, and named at the
    end.

    Exits with 10 where a run did not end well, 11 where nothing can be executed, 12 where a cell
    failed its parity or its audit, 130 after Ctrl-C; records of what was measured are kept in every
    case.
    """
    from dlbench.campaign import PlanChange
    from dlbench.cells import Request
    from dlbench.cli.session import Options, Session

    request = Request(
        scenarios=tuple(scenarios),
        frameworks=tuple(framework or ()),
        stack=stack,
        device=device,
        axes=tuple(collect_axes(layout, xla, axis, batch_size, threads)),
        quick=quick,
    )
    options = Options(
        plan_change=PlanChange(
            trials=trials,
            warmup=warmup,
            epochs=epochs,
            rounds=read_rounds(rounds) if rounds else None,
            timeout_seconds=timeout,
        ),
        engine=engine,
        python=python,
        wheels=tuple(wheel or ()),
        memory_bytes=parse_size(memory) if memory else None,
        keep=keep,
        dry_run=dry_run,
        as_json=as_json,
        results=results,
        parity=parity,
    )
    Session([request], options).execute()
