"""``dlbench show``: everything that is known about one run, for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from dlbench.record import Record

app = typer.Typer()


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="The beginning of a run id, or 'last'.")],
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Also where in the worker it failed, and its log.")
    ] = False,
    packages: Annotated[
        bool, typer.Option("--packages", help="Also every package in the image.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record itself.")] = False,
    as_csv: Annotated[
        bool,
        typer.Option("--csv", help="Print the epochs as CSV: seconds, accuracy and loss of each."),
    ] = False,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", metavar="FOLDER", help="Results folder (default: DLBENCH_RESULTS)."
        ),
    ] = None,
) -> None:
    """Show everything that is known about one run: how it ended, on what, and what it measured."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other", "leave one of the two out")
    from dlbench.cli.workspace import open_workspace
    from dlbench.description import describe_record, render_sections
    from dlbench.store import Store

    store = Store(open_workspace(results).results)
    if as_json:
        print(store.locate(run).read_text(encoding="utf-8"), end="")
        return
    record = store.load(run)
    if as_csv:
        print(write_epochs(record))
        return
    sections = describe_record(record, packages=packages, traceback=traceback)
    print(render_sections(sections))
    print(f"\nrecord: {store.locate(record.run_id)}")


def write_epochs(record: Record) -> str:
    """Return the epochs of a run as CSV; raises UnknownNameError where it has none."""
    from dlbench.epochs import read_epochs, write_csv

    epochs = read_epochs(record.result.phases) if record.result else []
    if not epochs:
        raise UnknownNameError(
            f"run {record.run_id} has no epochs", "dlbench run --epochs N trains some"
        )
    return write_csv(epochs)
