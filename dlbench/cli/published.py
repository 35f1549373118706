"""``dlbench published``: what others have measured, with what, and where."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dlbench.cli.completion import complete_published
from dlbench.cli.list import AsJson, print_rows
from dlbench.cli.workspace import open_workspace

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(name="list")
def list_studies(as_json: AsJson = False) -> None:
    """List the studies of which published figures are known."""
    from dlbench.published import load

    rows: list[dict[str, Any]] = [
        {
            "study": study.id,
            "scenarios": list(study.scenarios),
            "figures": sum(row.has_figure for row in study.rows),
            "devices": list(study.devices),
            "title": study.title,
            "source": study.source,
        }
        for study in load(open_workspace().studies).studies
    ]
    columns = ("study", "scenarios", "figures", "title")
    print_rows(rows, columns, as_json=as_json, empty="nothing published is known")


@app.command()
def show(
    study: Annotated[
        str,
        typer.Argument(
            help="The study, as dlbench published list has it.", autocompletion=complete_published
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show what one study has published: its figures, on what, and what it says in words.

    dlbench compare --against STUDY holds records against it.
    """
    from dlbench.published import load

    found = load(open_workspace().studies).study(study)
    if as_json:
        import json

        import msgspec

        print(json.dumps(msgspec.to_builtins(found), indent=2))
        return
    from dlbench.publication import describe_claims, describe_study, lay_out_figures
    from dlbench.tables import render

    claims = describe_claims(found.rows)
    print("\n".join(describe_study(found)))
    for table in lay_out_figures(found):
        print(f"\n{render([table])}")
    if claims:
        print("\n" + "\n".join(["in words", *(f"  {line}" for line in claims)]))
