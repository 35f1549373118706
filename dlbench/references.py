"""The oracle's arrays, which every framework is compared with: made once, kept in the cache.

They lie in ``<cache>/parity/<key>/`` as the worker wrote them, one folder a probe, with a manifest
written last.  The folder is made aside and moved to its place, so it is whole or not there.  It may
be removed at any time; the next parity run makes it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench.errors import StoreError
from dlbench.job import Parity
from dlbench.network import list_weights

MANIFEST = "manifest.json"

#: Arrays are kept in single precision: what that rounds away, 2^-25 of a value, is a hundredth of
#: what is looked for, and doubles of vgg16 would take 2.2 GB.
VALUE_BYTES = 4

#: How often it is looked whether another dlbench has finished.
POLL_SECONDS = 0.2


class Manifest(Struct, frozen=True, kw_only=True):
    """``manifest.json``: the size of every file."""

    key: str
    files: dict[str, int]


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
        try:
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError):
            return None
        return folder if list_files(folder) == manifest.files else None

    def keep(self, key: str, source: Path) -> Path:
        """Move the folder ``source`` to its place under ``key``, and return that."""
        folder = self.folder / key
        with tempfile.TemporaryDirectory(prefix=f".{key}.", dir=self.folder) as aside:
            made = Path(aside, "made")
            shutil.move(source, made)
            manifest = Manifest(key=key, files=list_files(made))
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

    def check_space(self, parity: Parity) -> None:
        """Raise StoreError where the arrays of ``parity`` would not fit."""
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


def list_files(folder: Path) -> dict[str, int]:
    """Return the size of every file below ``folder`` but the manifest, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def count_bytes(parity: Parity) -> int:
    """Return the bytes that the arrays take: of every probe, one for each weight."""
    values = sum(
        math.prod(weight.shape)
        for probe in parity.probes
        for weight in list_weights(probe.task.layers)
    )
    return values * VALUE_BYTES
