"""``dlbench run``: execute scenarios on frameworks, keep a record of each run, show the table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

app = typer.Typer(add_completion=False)

Texts = list[str] | None


@app.command()
def run(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO",
            help="Scenario names, or YAML files.",
            autocompletion=complete_scenario,
        ),
    ],
    framework: Annotated[
        Texts,
        typer.Option(
            "--framework",
            "-f",
            metavar="F[==VERSION][:axis=value,...]",
            help="Framework to execute on; may be given several times, each with its own axes.",
            autocompletion=complete_framework,
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(
            help="Take images of this era, e.g. 2026 (default: the newest).",
            autocompletion=complete_stack,
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu or cuda.", autocompletion=complete_device)
    ] = "cpu",
    layout: Annotated[
        Texts, typer.Option(help="Memory layout of images: NHWC or NCHW; a list is swept.")
    ] = None,
    xla: Annotated[
        bool | None, typer.Option("--xla/--no-xla", help="Compile with XLA where it is offered.")
    ] = None,
    axis: Annotated[
        Texts,
        typer.Option(
            metavar="NAME=V[,V]", help="Any axis, also a scenario's own; a list is swept."
        ),
    ] = None,
    batch_size: Annotated[
        Texts, typer.Option(help="Items per step (default: the scenario's); a list is swept.")
    ] = None,
    threads: Annotated[
        Texts, typer.Option(help="CPU threads (default: one per CPU); a list is swept.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Exactly so many timed steps in each block.")
    ] = None,
    warmup: Annotated[
        int | None, typer.Option(min=0, help="Exactly so many untimed steps.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=0, help="Training epochs.")] = None,
    rounds: Annotated[
        str,
        typer.Option(
            metavar="N[..M]",
            help="Passes over all cells, each in fresh containers, shuffled: exactly N, or N to M, "
            "until every pair has a verdict (default: the plan's; 1 with --trials).",
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="The scenario's short plan.")] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            help="docker, podman or venv (default: docker, venv where none answers).",
            autocompletion=complete_engine,
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="INTERPRETER",
            help="Use what is installed for this Python; recorded as unpinned.",
        ),
    ] = None,
    wheel: Annotated[
        list[Path] | None,
        typer.Option(help="Local wheel in place of the pinned one; recorded as such."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="End a run after this time.")
    ] = None,
    memory: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory limit of a run, e.g. 8g (default: 7/8).")
    ] = "",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep containers and their folders, to look inside.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be executed, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    results: Annotated[
        Path | None, typer.Option(help="Results folder (default: DLBENCH_RESULTS, or results).")
    ] = None,
) -> None:
    """Execute scenarios on frameworks, keep a record of each run, and show the table.

    An axis that is given several values is swept. Axes given here reach every framework that has
    them; the others run without and are marked. After a colon they reach that framework alone:
    --framework tensorflow:xla=on,layout=NCHW.

    Exits with 10 where a run did not end well, 11 where nothing can be executed, 130 after Ctrl-C;
    records of what was measured are kept in every case.
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
    )
    Session([request], options).execute()


def collect_axes(
    layout: Texts, xla: bool | None, axis: Texts, batch_size: Texts, threads: Texts
) -> list[str]:
    """Return every axis that was given as ``NAME=V,V``."""
    named = [("layout", layout), ("batch_size", batch_size), ("threads", threads)]
    axes = [f"{name}={','.join(values)}" for name, values in named if values]
    if xla is not None:
        axes.append(f"xla={'on' if xla else 'off'}")
    return axes + list(axis or ())


def read_rounds(text: str) -> Rounds:
    """Return the rounds that ``text`` asks for; raises UsageError."""
    try:
        return parse_rounds(text)
    except ValueError as expected:
        raise UsageError(f"--rounds {text!r} is no number of rounds", f"{expected}") from None


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
