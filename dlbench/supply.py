"""The original files of a dataset, out of its sources in their order or out of a user's files."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

from dlbench.editions import remake_originals
from dlbench.errors import DataError
from dlbench.originals import collect
from dlbench.sources import Progress, Source, fetch, label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dlbench.declaration import Declaration


def import_originals(declared: Declaration, files: Sequence[Path], into: Path) -> None:
    """Fill the folder ``into`` from a user's files."""
    try:
        assemble(files, declared, into)
    except DataError as error:
        raise DataError(
            f"dataset {declared.name}: {error.message}",
            f"its original files are {', '.join(declared.files)}; nothing was changed",
        ) from error


def fetch_originals(
    declared: Declaration,
    downloads: Path,
    into: Path,
    on_progress: Callable[[Progress], None],
) -> str:
    """Fill the folder ``into`` from the first source that has every file; return its label.

    What has come of a download is kept in the folder ``downloads`` until it is complete.
    Raises DataError naming every source and why it did not do.
    """
    reasons: list[str] = []
    for index, source in enumerate(declared.sources):
        on_bytes = functools.partial(report_bytes, declared.name, source, on_progress)
        on_bytes(0)
        try:
            packed = fetch(source, declared.files, downloads / str(index), on_bytes)
            assemble_or_discard(packed, declared, into)
        except DataError as error:
            reasons.append(f"{label(source)} ({error.message})")
        else:
            shutil.rmtree(downloads)
            return label(source)
    raise DataError(
        f"dataset {declared.name} could not be had: {', '.join(reasons)}",
        f"get {', '.join(declared.files)} elsewhere (plain, or in gzip, tar or .deb), then: "
        f"dlbench data import {declared.name} FILE...",
    )


def report_bytes(
    dataset: str, source: Source, on_progress: Callable[[Progress], None], done_bytes: int
) -> None:
    """Report how much of a source has come."""
    on_progress(
        Progress(
            dataset=dataset,
            activity=label(source),
            done_bytes=done_bytes,
            total_bytes=source.bytes,
        )
    )


def assemble(paths: Sequence[Path], declared: Declaration, into: Path) -> None:
    """Put the original files into the folder ``into``: as ``paths`` hold them, else made again.

    Raises DataError naming what is wrong with the files that come nearest.
    """
    editions = [edition.files for edition in declared.editions]
    wanted = {name: file for files in (*editions, declared.files) for name, file in files.items()}
    wrong = collect(paths, wanted, into)
    if not any(name in wrong for name in declared.files):
        return
    for edition in declared.editions:
        if not any(name in wrong for name in edition.files):
            remake_originals(edition, declared.files, into)
            return
    reasons = [
        [wrong[name] for name in files if name in wrong] for files in (declared.files, *editions)
    ]
    fewest: list[str] = min(reasons, key=len)
    raise DataError("; ".join(fewest))


def assemble_or_discard(packed: Sequence[Path], declared: Declaration, into: Path) -> None:
    """Assemble the files of a download; what is not right is not kept for another attempt."""
    try:
        assemble(packed, declared, into)
    except DataError:
        for path in packed:
            path.unlink()
        raise
