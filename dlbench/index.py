"""The index of a results folder: summaries of its records, so that not all must be read each time.

It is a cache in one hidden SQLite file beside the records and holds nothing that they do not.  A
record is known by its path, size and modification time; what is new is read, what is gone is
forgotten.  An index that is corrupt or from another version is made anew without a word, and where
it cannot be written (a read-only folder, a full disk, a lock that stays) the answer is the same,
only later.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import msgspec

from dlbench.record import SCHEMA
from dlbench.summary import SUMMARY, PhaseSummary, RunSummary

NAME = ".index.sqlite"

#: How long another process may hold the index before this one goes on without it.
LOCK_SECONDS = 5.0

#: What the stored bytes mean.  Its digest names the table, so that two versions of dlbench that
#: share a folder never read each other's bytes.
LAYOUT = f"{SCHEMA} {SUMMARY} {RunSummary.__struct_fields__} {PhaseSummary.__struct_fields__}"
TABLE = f"files_{zlib.crc32(LAYOUT.encode()):08x}"

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Result = TypeVar("Result")


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A file among the records that cannot be used, and why."""

    path: str
    kind: Literal["empty", "corrupt", "too old", "too new", "duplicate"]
    reason: str


class Indexed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is known of one file: the summary of its record, or why there is none."""

    path: str
    run: RunSummary | None = None
    unreadable: Unreadable | None = None


#: Size in bytes and modification time in nanoseconds: a file that has both unchanged is unchanged.
Stamp: TypeAlias = tuple[int, int]


def scan(folder: Path) -> dict[str, Stamp]:
    """Return every ``.json`` file below ``folder`` by its path from there; hidden ones are not."""
    return dict(_scan(str(folder), ""))


def _scan(folder: str, prefix: str) -> Iterator[tuple[str, Stamp]]:
    for entry in _list(folder):
        name = entry.name
        if name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _scan(entry.path, f"{prefix}{name}/")
        elif name.endswith(".json"):
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                yield prefix + name, (status.st_size, status.st_mtime_ns)


def _list(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        # Never made, or removed while its parent was read.
        return []


def refresh(folder: Path, read: Callable[[str], Indexed]) -> list[Indexed]:
    """Return what is known of every record in ``folder``, in the order of their paths.

    ``read`` is given the paths that are new or changed.
    """
    stamps = scan(folder)
    known = use_index(folder / NAME, load) or {}
    fresh: dict[str, Indexed] = {}
    for path, stamp in stamps.items():
        if path not in known or known[path][0] != stamp:
            fresh[path] = read(path)
    gone = [path for path in known if path not in stamps]
    if fresh or gone:
        use_index(folder / NAME, partial(keep, fresh=fresh, stamps=stamps, gone=gone))
    return [fresh[path] if path in fresh else known[path][1] for path in sorted(stamps)]


def use_index(path: Path, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
    """Return what ``work`` makes of the index at ``path``; None where there is none to be had."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as index:
            index.isolation_level = None
            return work(index)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT:
            with contextlib.suppress(OSError):
                path.unlink()
    return None


def load(index: sqlite3.Connection) -> dict[str, tuple[Stamp, Indexed]]:
    """Return what ``index`` holds; a row that cannot be read counts as not there."""
    tables = index.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if (TABLE,) not in tables:
        return {}
    decode = msgspec.msgpack.Decoder(Indexed).decode
    known: dict[str, tuple[Stamp, Indexed]] = {}
    for path, size, modified, blob in index.execute(f"SELECT * FROM {TABLE}"):
        with contextlib.suppress(msgspec.DecodeError):
            known[path] = (size, modified), decode(blob)
    return known


def keep(
    index: sqlite3.Connection,
    *,
    fresh: dict[str, Indexed],
    stamps: dict[str, Stamp],
    gone: list[str],
) -> None:
    """Write what has changed into ``index``, and drop what other versions left there."""
    encode = msgspec.msgpack.Encoder().encode
    index.execute("BEGIN IMMEDIATE")
    for (table,) in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table != TABLE:
            index.execute(f'DROP TABLE "{table}"')
    index.execute(
        f"CREATE TABLE IF NOT EXISTS {TABLE} "
        "(path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, known BLOB)"
    )
    index.executemany(f"DELETE FROM {TABLE} WHERE path = ?", [(path,) for path in gone])
    index.executemany(
        f"INSERT OR REPLACE INTO {TABLE} VALUES (?, ?, ?, ?)",
        [(path, *stamps[path], encode(known)) for path, known in fresh.items()],
    )
    index.execute("COMMIT")
