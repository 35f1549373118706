"""``dlbench compare``: turn records into a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from dlbench.index import Unreadable

app = typer.Typer(add_completion=False)

#: So many files that cannot be used are named; the others are only counted.
NAMED_FILES = 5


@app.command()
def compare(
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TERM",
            help="Scenarios, frameworks, images, stacks, scenario/framework, campaigns (also as "
            "'vgg*' patterns), or run ids. Terms of one kind add up, different kinds narrow down. "
            "None: the scenario of the newest record.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="One column for each framework, image, or value of this axis."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="step, stepwise, epoch, predict, build, first_step, accuracy, loss, memory, "
            "device_memory or items_per_second. Default: what the scenario names."
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Framework or image to hold the others against; torch:layout=NHWC names one of "
            "several rows."
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Pool all campaigns. Default: the newest one of each cell."),
    ] = False,
    form: Annotated[
        Literal["text", "github", "csv", "latex", "json"],
        typer.Option("--format", help="CSV and JSON have every digit and fixed units."),
    ] = "text",
    results: Annotated[
        Path | None, typer.Option(help="The results folder; default: $DLBENCH_RESULTS or results.")
    ] = None,
) -> None:
    """Turn records into tables: one for each scenario, one row for each cell.

    A figure is the median over runs, with the 95 % interval over runs from two runs on. With
    --baseline the other rows are faster, slower, the same (within 1 %), or there is not enough
    data to say.
    """
    from dlbench.cli.workspace import open_workspace
    from dlbench.compare import Question, measurements, newest_scenario
    from dlbench.compare import compare as make_tables
    from dlbench.errors import UnknownNameError
    from dlbench.store import Store
    from dlbench.tables import render

    store = Store(open_workspace(results).results)
    selection = store.select(terms or ())
    report_unreadable(selection.unreadable)
    measured = measurements(selection.runs)
    if selection.runs and not measured:
        raise UnknownNameError(
            f"run {selection.runs[-1].run_id} measured nothing: it is of kind "
            f"{selection.runs[-1].kind}",
            f"dlbench show {selection.runs[-1].run_id}",
        )
    if not measured:
        raise UnknownNameError(f"there are no records in {store.folder}", "dlbench run makes some")
    question = Question(
        metric=metric, by=by, baseline=baseline, everything=everything or selection.by_run
    )
    runs = measured if terms else newest_scenario(measured)
    print(render(make_tables(runs, question), form))


def report_unreadable(unreadable: Sequence[Unreadable]) -> None:
    """Name the files that could not be used, on standard error, and count them."""
    for one in unreadable[:NAMED_FILES]:
        typer.echo(f"skipped {one.path}: {one.kind}: {one.reason}", err=True)
    if unreadable:
        more = len(unreadable) - NAMED_FILES
        text = f"{len(unreadable)} files were skipped" + (f", {more} not named" if more > 0 else "")
        typer.echo(text, err=True)
