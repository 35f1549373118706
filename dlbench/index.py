"""The index of a results folder: summaries of its records, so that not all must be read each time.

It is a cache in one hidden SQLite file beside the records and holds nothing that they do not.  A
record is known by its path, size and modification time; what is new is read, what is gone is
forgotten.  An index that is corrupt or from another version is made anew without a word, and where
it cannot be written (a read-only folder, a full disk, a lock that stays) the answer is the same,
only later.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import msgspec

from dlbench.epochs import Progress
from dlbench.record import SCHEMA
from dlbench.scenario import Known
from dlbench.summary import SUMMARY, Conditions, OwnFacts, PhaseSummary, RunSummary

NAME = ".index.sqlite"

#: How long another process may hold the index before this one goes on without it.
LOCK_SECONDS = 5.0

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Result = TypeVar("Result")


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A file among the records that cannot be used, and why."""

    path: str
    kind: Literal["empty", "corrupt", "too old", "too new", "duplicate"]
    reason: str


class Indexed(msgspec.Struct, frozen=True, gc=False):
    """What is known of one file: the summary of its record, or why there is none."""

    path: str
    run: RunSummary | None = None
    unreadable: Unreadable | None = None


#: What the stored bytes mean.  Its digest names the tables, so that two versions of dlbench that
#: share a folder never read each other's bytes.
LAYOUT = f"{SCHEMA} {SUMMARY} " + " ".join(
    f"{kind.__name__} {kind.__struct_fields__}"
    for kind in (Unreadable, RunSummary, Conditions, PhaseSummary, Progress, Known)
)
SUFFIX = f"{zlib.crc32(LAYOUT.encode()):08x}"
FILES, CONDITIONS = f"files_{SUFFIX}", f"conditions_{SUFFIX}"

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
    if not {FILES, CONDITIONS} <= list_tables(index):
        return {}
    decode_conditions = msgspec.msgpack.Decoder(Conditions).decode
    conditions: dict[str, Conditions] = {}
    for key, blob in index.execute(f"SELECT key, content FROM {CONDITIONS}"):
        with contextlib.suppress(msgspec.DecodeError):
            conditions[key] = decode_conditions(unseal(blob))
    decode_run = msgspec.msgpack.Decoder(OwnFacts).decode
    decode_unreadable = msgspec.msgpack.Decoder(Unreadable).decode
    known: dict[str, tuple[Stamp, Indexed]] = {}
    for path, size, modified, key, blob in index.execute(f"SELECT * FROM {FILES}"):
        with contextlib.suppress(msgspec.DecodeError, KeyError):
            if key is None:
                one = Indexed(path, None, decode_unreadable(unseal(blob)))
            else:
                one = Indexed(path, RunSummary(conditions[key], *decode_run(unseal(blob))))
            known[path] = (size, modified), one
    return known


def list_tables(index: sqlite3.Connection) -> set[str]:
    """Return the names of the tables in ``index``."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {name for (name,) in index.execute(query)}


def keep(
    index: sqlite3.Connection,
    *,
    fresh: dict[str, Indexed],
    stamps: dict[str, Stamp],
    gone: list[str],
) -> None:
    """Write what has changed into ``index``, and drop what other versions left there."""
    index.execute("BEGIN IMMEDIATE")
    for table in list_tables(index) - {FILES, CONDITIONS}:
        index.execute(f'DROP TABLE "{table}"')
    index.execute(f"CREATE TABLE IF NOT EXISTS {CONDITIONS} (key TEXT PRIMARY KEY, content BLOB)")
    index.execute(
        f"CREATE TABLE IF NOT EXISTS {FILES} "
        "(path TEXT PRIMARY KEY, size INTEGER, modified INTEGER, conditions TEXT, content BLOB)"
    )
    index.executemany(f"DELETE FROM {FILES} WHERE path = ?", [(path,) for path in gone])
    for path, one in fresh.items():
        key, blob = encode(index, one)
        row = (path, *stamps[path], key, blob)
        index.execute(f"INSERT OR REPLACE INTO {FILES} VALUES (?, ?, ?, ?, ?)", row)
    index.execute("COMMIT")


def encode(index: sqlite3.Connection, one: Indexed) -> tuple[str | None, bytes]:
    """Return the key of the run's conditions, which are kept once, and its own facts as bytes."""
    if one.run is None:
        return None, seal(msgspec.msgpack.encode(one.unreadable))
    conditions, *own = msgspec.structs.astuple(one.run)
    content = seal(msgspec.msgpack.encode(conditions))
    key = hashlib.blake2b(content, digest_size=12).hexdigest()
    index.execute(f"INSERT OR IGNORE INTO {CONDITIONS} VALUES (?, ?)", (key, content))
    return key, seal(msgspec.msgpack.encode(own))


def seal(content: bytes) -> bytes:
    """Put a checksum before ``content``: SQLite does not notice when a number has changed."""
    return zlib.crc32(content).to_bytes(4, "big") + content


def unseal(blob: bytes) -> bytes:
    """Return what ``seal`` was given; raises DecodeError where it is damaged."""
    content = blob[4:]
    if zlib.crc32(content) != int.from_bytes(blob[:4], "big"):
        raise msgspec.DecodeError("damaged")
    return content
