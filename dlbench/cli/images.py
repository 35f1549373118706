"""``dlbench images``: build, verify, list, prune, lock, push, save and load."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from dlbench.cli import console, image_rows
from dlbench.cli.image_options import (
    AptMirror,
    AsJson,
    CaBundle,
    Device,
    EngineName,
    FindLinks,
    Framework,
    Ids,
    IndexUrl,
    MavenRepository,
    NoCache,
    Registry,
    Wheels,
)
from dlbench.cli.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.build_settings import BuildSettings
    from dlbench.engine import StoredImage
    from dlbench.image_shelf import Choice, ImageRow
    from dlbench.locks import Relocked

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def build(
    ids: Ids = None,
    framework: Framework = None,
    device: Device = None,
    engine: EngineName = None,
    wheel: Wheels = None,
    ca_bundle: CaBundle = None,
    index_url: IndexUrl = None,
    find_links: FindLinks = None,
    apt_mirror: AptMirror = None,
    maven_repository: MavenRepository = None,
    registry: Registry = None,
    no_cache: NoCache = False,
) -> None:
    """Build images and verify them; what is there unchanged is not built again."""
    from dlbench import image_shelf, images
    from dlbench.build_settings import read_settings

    workspace = open_workspace()
    settings = read_settings(
        wheels=wheel or (),
        ca_bundle=ca_bundle,
        index_url=index_url,
        find_links=find_links or (),
        apt_mirror=apt_mirror,
        use_cache=not no_cache,
    )
    if registry is not None:
        settings = replace(settings, registry=registry)
    if maven_repository:
        settings = replace(settings, maven_repository=maven_repository)
    choices = choose(ids, framework, device)
    recipes = {}
    for choice in choices:
        recipe = choice.render(workspace.images, settings)
        recipes[recipe.tag] = recipe
    image_shelf.check_wheels(list(recipes.values()), settings)
    chosen_engine = workspace.engine(engine)
    for recipe in recipes.values():
        started = time.monotonic()
        image = images.ensure(chosen_engine, recipe, print_line)
        console.out().print(
            f"{image.tag}  {image.size_bytes / 1e6:.0f} MB  {time.monotonic() - started:.1f} s",
            markup=False,
        )


@app.command()
def verify(
    ids: Ids = None,
    framework: Framework = None,
    device: Device = None,
    engine: EngineName = None,
) -> None:
    """Run the verify script of every chosen image that is built, as a run would be executed."""
    from dlbench import image_shelf

    keeper = image_shelf.keeper(open_workspace().engine(engine))
    rows = built(list_rows(choose(ids, framework, device), engine))
    tags = {row.tag: row for row in rows}
    for tag, row in tags.items():
        recipe = row.choice.render(open_workspace().images, read_own_settings())
        verified = keeper.verify_image(recipe, lambda _: None).verified
        console.out().print(f"{tag}  {verified.strip()}", markup=False)


@app.command("list")
def list_command(
    framework: Framework = None,
    device: Device = None,
    engine: EngineName = None,
    as_json: AsJson = False,
) -> None:
    """List the images, and which of them are built."""
    rows = list_rows(choose(None, framework, device), engine)
    if as_json:
        print(json.dumps([image_rows.describe(row) for row in rows], indent=2))
        return
    for line in image_rows.table_lines(rows):
        console.out().print(line, markup=False)


@app.command()
def prune(
    engine: EngineName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove every image and base of dlbench.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
) -> None:
    """Remove images and bases that no definition leads to any more."""
    from dlbench import image_shelf
    from dlbench.errors import ImageError

    keeper = image_shelf.keeper(open_workspace().engine(engine))
    stored = keeper.list_images()
    stale = (
        stored
        if everything
        else list(image_shelf.find_stale(stored, choose(None, None, None), open_workspace().images))
    )
    in_use: list[ImageError] = []
    for image in sorted(stale, key=lambda image: not image.image_id):
        try:
            if not dry_run:
                keeper.remove_image(image.tag)
        except ImageError as error:
            in_use.append(error)
            continue
        word = "would remove" if dry_run else "removed"
        console.out().print(f"{word} {image.tag}  {image.size_bytes / 1e6:.0f} MB", markup=False)
    if not stale:
        console.out().print("nothing to remove", markup=False)
    if in_use:
        raise ImageError("\n".join(error.message for error in in_use), in_use[0].hint)


@app.command()
def lock(
    ids: Annotated[
        list[str], typer.Argument(help="Image ids, or names of bases, to resolve anew.")
    ],
    device: Device = None,
    engine: EngineName = None,
    ca_bundle: CaBundle = None,
    index_url: IndexUrl = None,
    find_links: FindLinks = None,
    apt_mirror: AptMirror = None,
    maven_repository: MavenRepository = None,
) -> None:
    """Resolve requirements anew and write the locks, with the hash of every file."""
    from dlbench import bases
    from dlbench.build_settings import read_settings
    from dlbench.locks import Locker

    workspace = open_workspace()
    settings = read_settings(
        ca_bundle=ca_bundle,
        index_url=index_url,
        find_links=find_links or (),
        apt_mirror=apt_mirror,
    )
    if maven_repository:
        settings = replace(settings, maven_repository=maven_repository)
    locker = Locker(
        images_folder=workspace.images,
        settings=settings,
        engine=lambda: workspace.engine(engine),
        on_line=print_line,
    )
    names = set(bases.base_names(workspace.images))
    for name in ids:
        if name in names:
            print_relocked(locker.lock_base(name))
    wanted = [name for name in ids if name not in names]
    done: dict[Path, Relocked] = {}
    for choice in choose(wanted, None, device) if wanted else ():
        made = locker.lock_image(choice.image, choice.framework_name, choice.device)
        if made.path not in done:
            print_relocked(made)
            if with_jars := locker.lock_jars(choice.image, choice.framework_name):
                print_relocked(with_jars)
        done[made.path] = made


@app.command()
def push(
    ids: Ids = None,
    framework: Framework = None,
    device: Device = None,
    registry: Registry = None,
    engine: EngineName = None,
) -> None:
    """Give built images and their bases to a container registry, for other machines."""
    from dlbench import image_shelf
    from dlbench.errors import UsageError

    address = registry or read_own_settings().registry
    if not address:
        raise UsageError("no registry is named", "name it with --registry or in DLBENCH_REGISTRY")
    keeper = image_shelf.keeper(open_workspace().engine(engine))
    there = {image.tag for image in keeper.list_images()}
    rows = built(list_rows(choose(ids, framework, device), engine))
    folder, settings = open_workspace().images, read_own_settings()
    bases = {row.choice.render(folder, settings).base.tag for row in rows}
    for tag in [*sorted(bases & there), *sorted({row.tag for row in rows})]:
        console.out().print(f"pushed {keeper.push_image(tag, address)}", markup=False)


@app.command()
def save(
    file: Annotated[Path, typer.Argument(help="The archive to write (tar).")],
    ids: Ids = None,
    framework: Framework = None,
    device: Device = None,
    engine: EngineName = None,
) -> None:
    """Write built images into one archive, to load on a machine without a package index."""
    from dlbench import image_shelf

    keeper = image_shelf.keeper(open_workspace().engine(engine))
    rows = built(list_rows(choose(ids, framework, device), engine))
    tags = tuple(sorted({row.tag for row in rows}))
    keeper.save_images(tags, file)
    for tag in tags:
        console.out().print(f"saved {tag}", markup=False)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="An archive that dlbench images save wrote.")],
    engine: EngineName = None,
) -> None:
    """Load images from an archive."""
    from dlbench import image_shelf

    for tag in image_shelf.keeper(open_workspace().engine(engine)).load_images(file):
        console.out().print(f"loaded {tag}", markup=False)


def choose(ids: Sequence[str] | None, framework: str | None, device: str | None) -> list[Choice]:
    """Return the images that the options choose."""
    from dlbench import image_shelf

    catalog = open_workspace().catalog()
    return image_shelf.choose(catalog, ids or (), framework=framework, device=device)


def read_own_settings() -> BuildSettings:
    """Return the user's build settings as they are without options."""
    from dlbench.build_settings import read_settings

    return read_settings()


def list_rows(choices: Sequence[Choice], engine: str | None) -> list[ImageRow]:
    """Return the rows of ``choices``; without an engine that keeps images, none is built."""
    from dlbench import image_shelf
    from dlbench.errors import EngineError

    workspace = open_workspace()
    stored: Sequence[StoredImage] = ()
    try:
        stored = image_shelf.keeper(workspace.engine(engine)).list_images()
    except EngineError:
        if engine is not None:
            raise
    return image_shelf.list_rows(choices, workspace.images, read_own_settings(), stored)


def built(rows: Sequence[ImageRow]) -> list[ImageRow]:
    """Return the rows of images that are built; raises ImageError where there are none."""
    from dlbench.errors import ImageError

    found = [row for row in rows if row.state == "built"]
    if not found:
        raise ImageError("none of the chosen images is built", "dlbench images build makes them")
    return found


def print_line(line: str) -> None:
    """Print a line of progress."""
    console.err().print(line, markup=False)


def print_relocked(made: Relocked) -> None:
    """Print what is new in a lock."""
    console.out().print(f"{made.path}: {len(made.changes)} changes", markup=False)
    for change in made.changes:
        console.out().print(f"  {change}", markup=False)
