"""``dlbench results``: give records away, and take in those of others."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dlbench.cli.workspace import Workspace

app = typer.Typer(no_args_is_help=True)

Results = Annotated[
    Path | None,
    typer.Option("--results", metavar="FOLDER", help="Results folder (default: DLBENCH_RESULTS)."),
]


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The archive to write, a .tar.gz.")],
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TERM]...", help="Which runs, as dlbench compare takes them. None: all."
        ),
    ] = None,
    results: Results = None,
) -> None:
    """Write records, their scenarios and the locks of their images into one archive.

    Host names, user names, addresses and paths of this machine are taken out. The same records
    give the same bytes.
    """
    from dlbench.archive import write_archive
    from dlbench.cli.compare import report_unreadable
    from dlbench.cli.workspace import open_workspace
    from dlbench.errors import UnknownNameError
    from dlbench.store import Store

    workspace = open_workspace(results)
    store = Store(workspace.results)
    selection = store.select(terms or ())
    report_unreadable(selection.unreadable)
    runs = sorted(run.run_id for run in selection.runs)
    if not runs:
        raise UnknownNameError(f"there are no records in {store.folder}", "dlbench run makes some")

    manifest = write_archive(
        file,
        partial(store.read, runs),
        find_image_folders(workspace),
        users=[find_user()],
        folders=own_folders(),
    )
    print(
        f"{file}: {manifest.records} records, {len(manifest.scenarios)} scenarios, "
        f"definitions of {len(manifest.images)} images, {file.stat().st_size / 1000:.0f} kB"
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An archive, or the file of one record.")],
    results: Results = None,
) -> None:
    """Take in the records of an archive; what is there already stays as it is."""
    from dlbench.archive import import_archive
    from dlbench.cli.workspace import open_workspace
    from dlbench.store import Store

    taken = import_archive(file, Store(open_workspace(results).results))
    print(f"{len(taken.saved)} records imported, {len(taken.present)} were there already")
    if taken.extras:
        print(f"their scenarios and image definitions: {taken.extras}")


def find_image_folders(workspace: Workspace) -> dict[str, Path]:
    """Return the folder of every image that a checkout, or an installed plugin, defines."""
    folders = {path.parent.name: path.parent for path in workspace.images.glob("*/*/Dockerfile")}
    for entry in workspace.catalog().frameworks.values():
        folders |= {image.id: image.folder for image in entry.framework.images if image.folder}
    return folders


def find_user() -> str:
    """Return who runs this; empty where the system does not know."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def own_folders() -> list[str]:
    """Return the folders of this machine that records may name."""
    import tempfile

    from dlbench.home import find_home

    return [str(find_home()), str(Path.cwd()), tempfile.gettempdir()]
