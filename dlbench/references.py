"""The oracle's arrays, which every framework is compared with: made once, kept in the cache.

They lie in ``<cache>/parity/<key>/`` as the worker wrote them, one folder a probe, with a manifest
written last.  The folder is made aside and moved to its place, so it is whole or not there.  It may
be removed at any time; the next parity run makes it again.

Keys change with oracle, worker and scenario, and nobody asks for the old ones again.  So whoever is
about to make arrays first drops what has come to be of no use, but nothing that a dlbench is using:
making and using hold a lock each, ``.<key>.lock`` and ``.<key>.used``, which go with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench.errors import StoreError
from dlbench.job import Parity, Probe
from dlbench.network import list_weights

MANIFEST = "manifest.json"

#: Names of folders: a key, or one that is being made or dropped.
KEY = re.compile(r"[0-9a-f]{24}$|\.[0-9a-f]{24}\.")

#: Arrays are kept in single precision: what that rounds away, 2^-25 of a value, is a hundredth of
#: what is looked for, and doubles of vgg16 would take 2.2 GB.
VALUE_BYTES = 4

#: Outputs are kept in double precision: of ``network`` before and after the steps.
OUTPUT_BYTES = 8
OUTPUTS = {"network": 2, "gradients": 1}

#: All arrays together take no more, as long as those in use leave it to be so.
LIMIT_BYTES = 8 * 10**9

#: Arrays of another oracle are left for so long: another version of dlbench may be at work here.
LEFT_SECONDS = 24 * 3600.0

#: How often it is looked whether another dlbench has finished.
POLL_SECONDS = 0.2


class Manifest(Struct, frozen=True, kw_only=True):
    """``manifest.json``: the size of every file; its own time is when they were last used."""

    key: str
    files: dict[str, int]
    #: Digest of what made them: the oracle's image, its adapter and the worker.
    maker: str = ""


class StoppedWaitingError(Exception):
    """The user wants no more, while another dlbench still makes the arrays."""


class References(Struct, frozen=True, kw_only=True):
    """The cache of the oracle's arrays."""

    cache: Path

    @property
    def folder(self) -> Path:
        """Where all of them lie."""
        return self.cache / "parity"

    def find(self, key: str) -> Path | None:
        """Return the folder of the arrays ``key``; None where it is absent or not whole."""
        folder = self.folder / key
        manifest = read_manifest(folder)
        return folder if manifest and list_files(folder) == manifest.files else None

    def keep(self, key: str, source: Path, maker: str = "") -> Path:
        """Move the folder ``source`` to its place under ``key``, and return that."""
        folder = self.folder / key
        with tempfile.TemporaryDirectory(prefix=f".{key}.", dir=self.folder) as aside:
            made = Path(aside, "made")
            shutil.move(source, made)
            manifest = Manifest(key=key, files=list_files(made), maker=maker)
            (made / MANIFEST).write_bytes(msgspec.json.encode(manifest))
            if folder.exists():
                folder.rename(Path(aside, "replaced"))
            made.rename(folder)
        return folder

    @contextlib.contextmanager
    def locked(
        self, key: str, on_wait: Callable[[str], None], is_stopped: Callable[[], bool]
    ) -> Iterator[None]:
        """Hold the lock of ``key``, which goes with the process; raises StoppedWaitingError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{key}.lock").open("w") as lock:
            while not try_lock(lock.fileno()):
                if is_stopped():
                    raise StoppedWaitingError
                on_wait("waiting for another dlbench that makes the oracle's arrays")
                time.sleep(POLL_SECONDS)
            yield

    @contextlib.contextmanager
    def in_use(self, key: str) -> Iterator[None]:
        """Keep the arrays ``key`` from being dropped, those that are there and those to come."""
        with contextlib.ExitStack() as stack:
            # What cannot be written cannot be dropped either.
            with contextlib.suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((self.folder / f".{key}.used").open("w"))
                fcntl.flock(lock, fcntl.LOCK_SH)
                os.utime(self.folder / key / MANIFEST)
            yield

    def drop_useless(self, maker: str, needed_bytes: int = 0) -> int:
        """Drop what nobody asks for any more, and what exceeds the limit; return its bytes.

        The first are arrays of another oracle than ``maker``, or not whole, that were not used for
        a day, and what a killed dlbench has left.  If the rest and ``needed_bytes`` exceed the
        limit, those go that were unused for the longest time.  Raises OSError.
        """
        sizes, dropped = {}, 0
        for folder in sorted(self.list_folders(), key=find_last_use):
            size = count_files_bytes(folder)
            if self.is_useless(folder, maker) and self.drop(folder):
                dropped += size
            elif not folder.name.startswith("."):
                sizes[folder] = size
        excess = sum(sizes.values()) + needed_bytes - LIMIT_BYTES
        for folder, size in sizes.items():
            if excess > 0 and self.drop(folder):
                dropped, excess = dropped + size, excess - size
        return dropped

    def list_folders(self) -> list[Path]:
        """Return the folders of arrays, and those that were being made or dropped (``.<key>.``)."""
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if path.is_dir() and KEY.match(path.name)]

    @staticmethod
    def is_useless(folder: Path, maker: str) -> bool:
        """Return whether nobody asks for a folder, if it is not in use right now."""
        if folder.name.startswith("."):
            return True
        manifest = read_manifest(folder)
        if manifest is not None and manifest.maker == maker:
            return False
        return time.time() - find_last_use(folder) > LEFT_SECONDS

    def drop(self, folder: Path) -> bool:
        """Remove a folder unless a dlbench makes or uses it; return whether it is gone."""
        key = folder.name.lstrip(".").partition(".")[0]
        with contextlib.ExitStack() as stack:
            for name in (f".{key}.lock", f".{key}.used"):
                lock = stack.enter_context((self.folder / name).open("w"))
                if not try_lock(lock.fileno()):
                    return False
            if not folder.exists():
                return False
            aside = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=self.folder))
            folder.rename(aside / "dropped")
            shutil.rmtree(aside)
        return True

    def count_kept_bytes(self) -> int:
        """Return the bytes of all that is kept."""
        return sum(map(count_files_bytes, self.list_folders()))

    def check_space(self, parity: Parity) -> None:
        """Raise StoreError where the arrays that the oracle makes for ``parity`` would not fit."""
        needed_bytes = count_bytes(parity)
        self.folder.mkdir(parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(self.folder).free
        if free_bytes < needed_bytes:
            raise StoreError(
                f"the oracle's arrays need {needed_bytes / 1e6:.0f} MB in {self.folder}, "
                f"where {free_bytes / 1e6:.0f} MB are free",
                "make room, or name another folder with DLBENCH_CACHE",
            )


def try_lock(file: int) -> bool:
    """Take the lock of an open file if nobody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder; None where there is none that can be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def find_last_use(folder: Path) -> float:
    """Return when a folder was last used or made; 0 where it is gone."""
    for path in (folder / MANIFEST, folder):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def count_files_bytes(folder: Path) -> int:
    """Return the bytes of all files below ``folder``; what vanishes meanwhile is not counted."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def list_files(folder: Path) -> dict[str, int]:
    """Return the size of every file below ``folder`` but the manifest, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def count_bytes(parity: Parity) -> int:
    """Return the bytes that the arrays take: of every probe, one for each weight, and outputs."""
    return sum(map(_count_probe_bytes, parity.probes))


def _count_probe_bytes(probe: Probe) -> int:
    task = probe.task
    values = sum(math.prod(weight.shape) for weight in list_weights(task.layers))
    outputs = task.batch_size * math.prod(task.output_shape) * OUTPUTS.get(probe.kind, 0)
    return values * VALUE_BYTES + outputs * OUTPUT_BYTES
