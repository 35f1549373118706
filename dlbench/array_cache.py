"""The cache of datasets' ``.npy`` arrays, each dataset made once and checked before every use.

The arrays lie in ``<cache>/data/<name>-<digest>/`` with a manifest; the digest is that of the
original files and of how they are read, so a changed declaration never meets old arrays.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from dlbench.declaration import FORMAT, Declaration
from dlbench.errors import DataError
from dlbench.forms import read_array
from dlbench.originals import hash_file
from dlbench.sources import Progress
from dlbench.supply import fetch_originals, import_originals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MANIFEST = "manifest.json"


class StoredArray(Struct, frozen=True, kw_only=True):
    """An array's file as it was written."""

    bytes: int
    sha256: str
    modified_ns: int


class Manifest(Struct, frozen=True, kw_only=True):
    """``manifest.json`` of a cached dataset."""

    format: int
    name: str
    digest: str
    source: str
    #: UTC, ISO 8601.
    fetched: str
    arrays: dict[str, StoredArray]


class Dataset(Struct, frozen=True, kw_only=True):
    """A dataset that lies in the cache, checked."""

    declaration: Declaration
    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """Name that scenarios use."""
        return self.declaration.name

    @property
    def digest(self) -> str:
        """Digest of the content."""
        return self.manifest.digest


def ignore(_progress: Progress) -> None:
    """Take progress and do nothing with it."""


def obtain(
    declared: Declaration,
    *,
    cache: Path,
    on_progress: Callable[[Progress], None] = ignore,
    files: Sequence[Path] = (),
    again: bool = False,
) -> Dataset:
    """Return a dataset from the cache; else make it from ``files``, or from its sources.

    ``again`` makes it anew.  Safe to call at once from several processes: the first one works,
    the others wait.
    """
    try:
        found = None if again else find(declared, cache)
        if found is None:
            with locked(declared, cache, on_progress):
                # Another process may have made it while this one waited.
                found = None if again else find(declared, cache)
                found = found or build(declared, cache, on_progress, files)
    except OSError as error:
        raise DataError(
            f"dataset {declared.name}: {error.filename or cache}: {error.strerror or error}",
            "DLBENCH_CACHE names another folder for the cache",
        ) from error
    return found


def place(declared: Declaration, cache: Path) -> Path:
    """Return the folder of a dataset's arrays."""
    return cache / "data" / f"{declared.name}-{declared.digest}"


def find(declared: Declaration, cache: Path) -> Dataset | None:
    """Return a cached dataset, or None where it is absent or not as it was written."""
    folder = place(declared, cache)
    manifest = read_manifest(folder)
    if manifest is None or faults(declared, cache):
        return None
    return Dataset(declaration=declared, folder=folder, manifest=manifest)


def faults(declared: Declaration, cache: Path, *, thorough: bool = False) -> list[str]:
    """Return what keeps a cached dataset from being used.

    Files whose size and time are as they were are trusted, others are hashed again;
    ``thorough`` hashes all.
    """
    folder = place(declared, cache)
    manifest = read_manifest(folder)
    if manifest is None:
        return ["is not here"] if not folder.exists() else [f"{MANIFEST} cannot be read"]
    if manifest.format != FORMAT or set(manifest.arrays) != set(declared.arrays):
        return [f"{MANIFEST} is of another dlbench"]
    found = (
        fault_of(folder / f"{name}.npy", stored, thorough=thorough)
        for name, stored in manifest.arrays.items()
    )
    return [fault for fault in found if fault]


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in ``folder``, or None where there is none that can be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def fault_of(path: Path, stored: StoredArray, *, thorough: bool) -> str:
    """Return what is wrong with an array's file, or nothing."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return f"{path.name} is missing"
    if state.st_size != stored.bytes:
        return f"{path.name} has {state.st_size} bytes, not {stored.bytes}"
    if state.st_mtime_ns == stored.modified_ns and not thorough:
        return ""
    return "" if hash_file(path) == stored.sha256 else f"{path.name} has another hash"


@contextlib.contextmanager
def locked(
    declared: Declaration, cache: Path, on_progress: Callable[[Progress], None]
) -> Iterator[None]:
    """Hold the lock of a dataset; it goes with the process, however that ends."""
    folder = cache / "data"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{declared.name}-{declared.digest}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            activity = "waiting for another dlbench that fetches it"
            on_progress(Progress(dataset=declared.name, activity=activity))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(
    declared: Declaration,
    cache: Path,
    on_progress: Callable[[Progress], None],
    files: Sequence[Path],
) -> Dataset:
    """Make the arrays aside and move them to their place; the lock is held."""
    folder = place(declared, cache)
    remove_leftovers(folder)
    check_space(declared, cache, needs_download=not files)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as aside:
        originals, arrays = Path(aside, "originals"), Path(aside, "arrays")
        originals.mkdir()
        arrays.mkdir()
        if files:
            source = "imported files"
            import_originals(declared, files, originals)
        else:
            downloads = folder.parent / "downloads" / folder.name
            source = fetch_originals(declared, downloads, originals, on_progress)
        on_progress(Progress(dataset=declared.name, activity="unpacking"))
        manifest = write_arrays(declared, source, originals, arrays)
        if folder.exists():
            folder.rename(Path(aside, "replaced"))
        arrays.rename(folder)
    return Dataset(declaration=declared, folder=folder, manifest=manifest)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left beside a dataset's folder."""
    for leftover in folder.parent.glob(f".{folder.name}.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)


def check_space(declared: Declaration, cache: Path, *, needs_download: bool) -> None:
    """Raise DataError where the cache's file system has less room than all steps need."""
    needed_bytes = declared.array_bytes + sum(file.bytes for file in declared.files.values())
    needed_bytes += max(
        (sum(file.bytes for file in edition.files.values()) for edition in declared.editions),
        default=0,
    )
    if needs_download:
        needed_bytes += max(source.bytes for source in declared.sources)
    free_bytes = shutil.disk_usage(cache).free
    if free_bytes < needed_bytes:
        raise DataError(
            f"dataset {declared.name} needs {needed_bytes / 1e6:.0f} MB in {cache}, "
            f"where {free_bytes / 1e6:.0f} MB are free",
            "make room, or name another folder with DLBENCH_CACHE",
        )


def write_arrays(declared: Declaration, source: str, originals: Path, into: Path) -> Manifest:
    """Write every array as a read-only ``.npy`` file, and the manifest last."""
    import numpy as np

    arrays: dict[str, StoredArray] = {}
    for name, spec in declared.arrays.items():
        path = into / f"{name}.npy"
        array = read_array(declared.form, originals, spec, tuple(declared.files))
        np.save(path, array, allow_pickle=False)
        path.chmod(0o444)
        state = path.stat()
        arrays[name] = StoredArray(
            bytes=state.st_size, sha256=hash_file(path), modified_ns=state.st_mtime_ns
        )
    manifest = Manifest(
        format=FORMAT,
        name=declared.name,
        digest=declared.digest,
        source=source,
        fetched=datetime.now(UTC).isoformat(timespec="seconds"),
        arrays=arrays,
    )
    (into / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest
