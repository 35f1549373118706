"""``dlbench reproduce``: execute a study, or a record's cell, again, and say whether it agrees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.completion import complete_study
from dlbench.cli.options import (
    DeviceOption,
    DryRunOption,
    EngineOption,
    EpochsOption,
    FrameworkOption,
    KeepOption,
    MemoryOption,
    ParityOption,
    PythonOption,
    ResultsOption,
    StackOption,
    TimeoutOption,
    TrialsOption,
    WheelOption,
    parse_size,
    read_rounds,
)
from dlbench.errors import UsageError

if TYPE_CHECKING:
    from dlbench.cli.session import Options

app = typer.Typer(add_completion=False)

#: Options that say something of one of the two alone.
OF_STUDIES = (
    "framework",
    "stack",
    "device",
    "quick",
    "trials",
    "epochs",
    "again",
    "output",
    "wide",
)
OF_RUNS = ("band",)


@app.command()
def reproduce(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="STUDY|RUN",
            help="A study; or the beginning of a run id, 'last', or a record's file.",
            autocompletion=complete_study,
        ),
    ],
    framework: FrameworkOption = None,
    stack: StackOption = None,
    device: DeviceOption = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="The scenarios' short plans.")] = False,
    trials: TrialsOption = None,
    epochs: EpochsOption = None,
    rounds: Annotated[
        str,
        typer.Option(
            metavar="N[..M]",
            help="Passes over the cells (default: the plans'; of a run the record's, at least 5).",
        ),
    ] = "",
    band: Annotated[
        str,
        typer.Option(
            metavar="PERCENT|noise",
            help="A run that differs by no more than this is the same: 2%, or noise: the spread "
            "of one round, at least 1 %.",
        ),
    ] = "1%",
    again: Annotated[
        bool, typer.Option("--again", help="Execute also the cells that have their records.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A study's report (default: reproduced/STUDY)."),
    ] = None,
    engine: EngineOption = None,
    python: PythonOption = None,
    wheel: WheelOption = None,
    timeout: TimeoutOption = None,
    memory: MemoryOption = "",
    keep: KeepOption = False,
    parity: ParityOption = True,
    dry_run: DryRunOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tables as JSON.")] = False,
    wide: Annotated[
        bool,
        typer.Option("--wide", help="Every column of a study's tables, however narrow."),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Execute a study, or a record's cell, again, and say whether it agrees.

    Of a study its cells are executed, as far as they have no records yet, and its tables shown,
    published figures beside the measured ones. What cannot be had (a framework without a plugin, a
    dataset) stands there with its reason. A report with plots is written into a folder.

    Of a run its cell is executed with its image and its plan. The runs of today are held against
    the record and the runs of its campaign beside it: it agrees where both are shown to be the
    same, or where, with too few runs for that, it lies within what the runs vary.

    Exits with 14 where a run does not agree, or nobody can say; otherwise as dlbench run does.
    """
    from dlbench.campaign import PlanChange
    from dlbench.cli.session import Options

    options = Options(
        plan_change=PlanChange(
            trials=trials,
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
    if not is_study(what):
        refuse_options(context, OF_STUDIES, "a study")
        repeat(what, options, band)
        return
    refuse_options(context, OF_RUNS, "a run")
    from dlbench.cli.study import StudyOptions, reproduce_study
    from dlbench.study_cells import Asked

    asked = Asked(frameworks=tuple(framework or ()), stack=stack, device=device, quick=quick)
    reproduce_study(
        what,
        StudyOptions(asked=asked, options=options, again=again, output=output, wide=wide),
    )


def repeat(what: str, options: Options, band: str) -> None:
    """Execute the cell of run ``what`` again."""
    from dlbench.cli.compare import read_percent
    from dlbench.cli.repetition import repeat_record

    repeat_record(what, options, "noise" if band == "noise" else read_percent("--band", band))


def is_study(what: str) -> bool:
    """Return whether ``what`` names a study, and no run.

    Raises UnknownNameError for a name that is no study's and cannot be a run's.
    """
    from dlbench import studies
    from dlbench.cli.workspace import open_workspace

    folders = open_workspace().studies
    if what in studies.names(folders):
        return True
    if what == "last" or Path(what).is_file() or not what.strip("0123456789abcdef"):
        return False
    studies.load(what, folders)
    return True


def refuse_options(context: typer.Context, names: tuple[str, ...], owner: str) -> None:
    """Raise UsageError where one of ``names`` was given: it says something of ``owner`` alone."""
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(f"--{name} is for {owner}", "leave it out")
