"""``dlbench reproduce``: execute again what was measured before, and say whether it agrees."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.cli.options import (
    DryRunOption,
    EngineOption,
    KeepOption,
    MemoryOption,
    PythonOption,
    ResultsOption,
    WheelOption,
    parse_size,
)

app = typer.Typer(add_completion=False)


@app.command()
def reproduce(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="The beginning of a run id, 'last', or a record's file."
        ),
    ],
    rounds: Annotated[
        str,
        typer.Option(
            metavar="N[..M]",
            help="Passes over the cell (default: the record's plan's, at least 5).",
        ),
    ] = "",
    band: Annotated[
        str,
        typer.Option(
            metavar="PERCENT|noise",
            help="What differs by no more than this is the same: 2%, or noise: the spread of one "
            "round, at least 1 %.",
        ),
    ] = "1%",
    engine: EngineOption = None,
    python: PythonOption = None,
    wheel: WheelOption = None,
    timeout: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="End a run after this time.")
    ] = None,
    memory: MemoryOption = "",
    keep: KeepOption = False,
    parity: Annotated[
        bool,
        typer.Option(
            "--parity/--no-parity", help="Verify first that the cell does the scenario's work."
        ),
    ] = True,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Execute a record's cell again, with its image and its plan, and say whether it agrees.

    The runs of today are held against the record and the runs of its campaign beside it: it agrees
    where both are shown to be the same, or where, with too few runs for that, it lies within what
    the runs vary.

    Exits with 14 where it does not agree, or nobody can say.
    """
    from dlbench.campaign import PlanChange
    from dlbench.cli.compare import read_percent
    from dlbench.cli.repetition import repeat_record
    from dlbench.cli.run import read_rounds
    from dlbench.cli.session import Options

    options = Options(
        plan_change=PlanChange(
            rounds=read_rounds(rounds) if rounds else None, timeout_seconds=timeout
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
    repeat_record(what, options, "noise" if band == "noise" else read_percent("--band", band))
