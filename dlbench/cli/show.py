"""``dlbench show``: everything that is known about one run, for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", metavar="FOLDER", help="Results folder (default: DLBENCH_RESULTS)."
        ),
    ] = None,
) -> None:
    """Show everything that is known about one run: how it ended, on what, and what it measured."""
    from dlbench.cli.workspace import open_workspace
    from dlbench.description import describe_record, render_sections
    from dlbench.store import Store

    store = Store(open_workspace(results).results)
    if as_json:
        print(store.locate(run).read_text(encoding="utf-8"), end="")
        return
    record = store.load(run)
    sections = describe_record(record, packages=packages, traceback=traceback)
    print(render_sections(sections))
    print(f"\nrecord: {store.locate(record.run_id)}")
