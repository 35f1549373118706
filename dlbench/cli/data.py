"""``dlbench data``: fetch, list, verify and import datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli import console
from dlbench.cli.workspace import open_workspace
from dlbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlbench.array_cache import Dataset
    from dlbench.datasets import DatasetRow
    from dlbench.sources import Progress

app = typer.Typer(no_args_is_help=True, add_completion=False)


class ProgressLines:
    """Prints a line for each new activity, and one for each further quarter of a download."""

    def __init__(self) -> None:
        self.shown: tuple[str, str, int] | None = None

    def __call__(self, progress: Progress) -> None:
        """Print what is new about ``progress``, if anything is."""
        total_bytes = progress.total_bytes or 0
        quarters = min(3, 4 * progress.done_bytes // total_bytes) if total_bytes else 0
        step = (progress.dataset, progress.activity, quarters)
        if step == self.shown:
            return
        self.shown = step
        console.err().print(str(progress), markup=False)


def print_kept(dataset: Dataset) -> None:
    """Print where a dataset lies, and what it was made of."""
    source = dataset.manifest.source
    console.out().print(f"{dataset.name}: {dataset.folder} (from {source})", markup=False)


@app.command()
def fetch(
    names: Annotated[
        list[str], typer.Argument(help="Datasets to fetch, as dlbench data list names them.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Fetch anew what is in the cache already.")
    ] = False,
) -> None:
    """Fetch datasets into the cache, from the first of their sources that answers."""
    from dlbench.datasets import ensure

    cache = open_workspace().cache
    progress = ProgressLines()
    for name in names:
        print_kept(ensure(name, cache=cache, on_progress=progress, again=again))


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the datasets, their sources, and which ones are in the cache."""
    from dlbench.datasets import list_datasets

    rows = list_datasets(open_workspace().cache)
    if as_json:
        import json

        print(json.dumps([describe(row) for row in rows], indent=2))
        return
    for line in table_lines(rows):
        console.out().print(line, markup=False)


def describe(row: DatasetRow) -> dict[str, Any]:
    """Return a dataset as JSON shows it; what is known only of a cached one is null."""
    from dlbench.sources import label

    dataset = row.dataset
    return {
        "name": row.declaration.name,
        "summary": row.declaration.summary,
        "licence": row.declaration.licence,
        "digest": row.declaration.digest,
        "array_bytes": row.declaration.array_bytes,
        "sources": [label(source) for source in row.declaration.sources],
        "folder": str(dataset.folder) if dataset else None,
        "fetched_from": dataset.manifest.source if dataset else None,
        "fetched": dataset.manifest.fetched if dataset else None,
    }


def table_lines(rows: list[DatasetRow]) -> Iterator[str]:
    """Return a line of text for each dataset, under a line of headings."""
    width = max(len(row.declaration.name) for row in rows)
    yield f"{'name':{width}}  {'MB':>4}  {'cached':6}  summary"
    for row in rows:
        declared = row.declaration
        megabytes = f"{declared.array_bytes / 1e6:.0f}"
        cached = "yes" if row.dataset else "no"
        yield f"{declared.name:{width}}  {megabytes:>4}  {cached:6}  {declared.summary}"


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Datasets to verify; all in the cache if none.")
    ] = None,
) -> None:
    """Hash every array in the cache and compare with what was written."""
    from dlbench import datasets

    cache = open_workspace().cache
    problems: list[DataError] = []
    for name in names or datasets.cached_names(cache):
        try:
            print_kept(datasets.verify(name, cache=cache))
        except DataError as error:
            problems.append(error)
    if problems:
        raise DataError(
            "\n".join(error.message for error in problems),
            "\n".join(error.hint for error in problems),
        )


@app.command("import")
def import_command(
    name: Annotated[str, typer.Argument(help="Dataset that the files are.")],
    files: Annotated[
        list[Path],
        typer.Argument(help="Its original files: plain, in gzip, tar or .deb, or their folder."),
    ],
) -> None:
    """Make a dataset from files that you have; they must be the original ones, by their hash."""
    from dlbench.datasets import import_files

    print_kept(import_files(name, files, cache=open_workspace().cache))
