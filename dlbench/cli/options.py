"""The options that several commands have, declared once, and what their values mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from dlbench.cli.completion import (
    complete_device,
    complete_engine,
    complete_framework,
    complete_scenario,
    complete_stack,
)
from dlbench.errors import UsageError
from dlbench.rounds import Rounds, parse_rounds

Texts: TypeAlias = list[str] | None

ScenariosArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SCENARIO",
        help="Scenario names, or YAML files.",
        autocompletion=complete_scenario,
    ),
]
FrameworkOption = Annotated[
    Texts,
    typer.Option(
        "--framework",
        "-f",
        metavar="F[==VERSION][:axis=value,...]",
        help="Framework to execute on; may be given several times, each with its own axes.",
        autocompletion=complete_framework,
    ),
]
StackOption = Annotated[
    str | None,
    typer.Option(
        help="Take images of this era, e.g. 2026 (default: the newest).",
        autocompletion=complete_stack,
    ),
]
DeviceOption = Annotated[str, typer.Option(help="cpu or cuda.", autocompletion=complete_device)]
LayoutOption = Annotated[
    Texts, typer.Option(help="Memory layout of images: NHWC or NCHW; a list is swept.")
]
XlaOption = Annotated[
    bool | None, typer.Option("--xla/--no-xla", help="Compile with XLA where it is offered.")
]
AxisOption = Annotated[
    Texts,
    typer.Option(metavar="NAME=V[,V]", help="Any axis, also a scenario's own; a list is swept."),
]
ThreadsOption = Annotated[
    Texts, typer.Option(help="CPU threads (default: one per CPU); a list is swept.")
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        help="docker, podman or venv (default: docker, venv where none answers).",
        autocompletion=complete_engine,
    ),
]
PythonOption = Annotated[
    str | None,
    typer.Option(
        metavar="INTERPRETER",
        help="Use what is installed for this Python; recorded as unpinned.",
    ),
]
WheelOption = Annotated[
    list[Path] | None,
    typer.Option(help="Local wheel in place of the pinned one; recorded as such."),
]
MemoryOption = Annotated[
    str, typer.Option(metavar="SIZE", help="Memory limit of a run, e.g. 8g (default: 7/8).")
]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep containers and their folders, to look inside.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be executed, and stop.")
]
TrialsOption = Annotated[
    int | None, typer.Option(min=1, help="Exactly so many timed steps in each block.")
]
EpochsOption = Annotated[int | None, typer.Option(min=0, help="Training epochs.")]
TimeoutOption = Annotated[
    float | None, typer.Option(min=1, metavar="SECONDS", help="End a run after this time.")
]
ParityOption = Annotated[
    bool,
    typer.Option(
        "--parity/--no-parity", help="Verify first that each cell does the scenario's work."
    ),
]
ResultsOption = Annotated[
    Path | None, typer.Option(help="Results folder (default: DLBENCH_RESULTS, or results).")
]


def collect_axes(
    layout: Texts, xla: bool | None, axis: Texts, batch_size: Texts, threads: Texts
) -> list[str]:
    """Return every axis that was given as ``NAME=V,V``."""
    named = [("layout", layout), ("batch_size", batch_size), ("threads", threads)]
    axes = [f"{name}={','.join(values)}" for name, values in named if values]
    if xla is not None:
        axes.append(f"xla={'on' if xla else 'off'}")
    return axes + list(axis or ())


def parse_size(text: str) -> int:
    """Return bytes for a size such as ``8g`` or ``512m``; raises UsageError."""
    units = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
    lower = text.lower().removesuffix("ib").removesuffix("b")
    number, unit = (lower[:-1], lower[-1]) if lower[-1:].isalpha() else (lower, "")
    try:
        size = int(float(number) * units[unit])
    except (KeyError, ValueError):
        raise UsageError(f"--memory {text!r} is no size", "write it like 8g or 512m") from None
    if size < 2**24:
        raise UsageError(f"--memory {text} is too little to start a worker", "at least 16m")
    return size


def read_rounds(text: str) -> Rounds:
    """Return the rounds that ``text`` asks for; raises UsageError."""
    try:
        return parse_rounds(text)
    except ValueError as expected:
        raise UsageError(f"--rounds {text!r} is no number of rounds", f"{expected}") from None
