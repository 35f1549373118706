"""Records on disk: ``results/<scenario>/<framework>/<UTC time>-<run id>.json``, one file a record.

The files are the truth, are written once and never changed.  Names are for people: nothing is ever
parsed from a path, and files may be moved about below the results folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench.errors import StoreError, UnknownNameError, nearest
from dlbench.index import Indexed, Unreadable, refresh
from dlbench.record import SCHEMA, Record
from dlbench.selection import Selection, choose
from dlbench.summary import RunSummary, summarize

__all__ = ["Selection", "Store", "Unreadable", "decode_record", "encode_record"]

#: The word for the newest run, wherever a run id is asked for.
NEWEST = "last"

#: A record is smaller; where even this does not fit, no run is begun.
ROOM_BYTES = 2**20

#: So many runs are still named where one was asked for that is not there.
FEW_RUNS = 8


class RecordError(Exception):
    """Bytes that are no record of this version; ``unreadable`` says which way."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(unreadable.reason)
        self.unreadable = unreadable


class _Version(msgspec.Struct):
    schema: int


def encode_record(record: Record) -> bytes:
    """Return the bytes of a record's file: JSON, its keys in the order of the type."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def decode_record(content: bytes, path: str = "") -> Record:
    """Read a record; raises RecordError where it is empty, corrupt, too old or too new."""
    if not content.strip(b"\0 \t\r\n"):
        raise RecordError(Unreadable(path=path, kind="empty", reason="the file is empty"))
    try:
        version = msgspec.json.decode(content, type=_Version).schema
    except msgspec.DecodeError as error:
        raise RecordError(
            Unreadable(path=path, kind="corrupt", reason=f"no record: {error}")
        ) from None
    if version > SCHEMA:
        reason = f"format {version}, this dlbench reads {SCHEMA}: a newer dlbench made it; update"
        raise RecordError(Unreadable(path=path, kind="too new", reason=reason))
    if version < SCHEMA:
        reason = (
            f"format {version}, this dlbench reads {SCHEMA}: use the older dlbench that made it"
        )
        raise RecordError(Unreadable(path=path, kind="too old", reason=reason))
    try:
        return msgspec.json.decode(content, type=Record)
    except msgspec.DecodeError as error:
        raise RecordError(Unreadable(path=path, kind="corrupt", reason=str(error))) from None


class Store(Struct, frozen=True):
    """The records below one folder, which need not exist before the first is saved."""

    folder: Path

    def save(self, record: Record) -> Path:
        """Write ``record`` and return where it lies; raises StoreError, with a copy elsewhere.

        The file appears whole or not at all, and an existing one is never replaced.
        """
        path = self.folder / name_file(record)
        content = encode_record(record)
        try:
            if path.exists():
                raise StoreError(f"{path} is there already", "records are never overwritten")
            write_whole(path, content)
        except OSError as error:
            raise StoreError(
                f"cannot write {path}: {error.strerror or error}", rescue(path.name, content)
            ) from error
        return path

    def holds(self, record: Record) -> bool:
        """Whether ``record`` lies in the folder, under its own name or another."""
        if (self.folder / name_file(record)).exists():
            return True
        return any(one.run and one.run.run_id == record.run_id for one in self._refresh())

    def find_parity(self, key: str) -> Record | None:
        """Return the newest parity run of ``key`` that ended well, None where there is none."""
        found = [
            (age(one.run), one.path)
            for one in self._refresh()
            if one.run and (one.run.kind, one.run.parity_key, one.run.ok) == ("parity", key, True)
        ]
        return read_record(self.folder / max(found)[1]) if found else None

    def check_writable(self) -> None:
        """Raise StoreError where no record could be saved, before anything is measured."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(bytes(ROOM_BYTES))
                file.flush()
        except OSError as error:
            raise StoreError(
                f"cannot write to the results folder {self.folder}: {error.strerror}",
                "make room, check its permissions, or name another with --results",
            ) from error

    def select(self, terms: Sequence[str] = ()) -> Selection:
        """Return the runs that ``terms`` name (all without any), oldest first.

        ``selection.choose`` says what a term may be.  Raises UnknownNameError for one that
        names nothing, StoreError where the folder cannot be read.
        """
        runs, unreadable = self._read_all()
        chosen, by_run = choose(runs, [self._resolve(term, runs) for term in terms])
        return Selection(
            runs=chosen,
            unreadable=unreadable,
            calibrations=[run for run in runs if run.kind == "calibration"],
            by_run=by_run,
        )

    def load(self, run: str) -> Record:
        """Return the record whose run id begins with ``run`` (``last``: the newest).

        Raises UnknownNameError where no run or more than one does.
        """
        return read_record(self.locate(run))

    def read(self, runs: Iterable[str]) -> Iterator[Record]:
        """Yield the records of ``runs``, whole ids, one by one; raises StoreError."""
        paths = {one.run.run_id: one.path for one in self._refresh() if one.run is not None}
        for run in runs:
            yield read_record(self.folder / paths[run])

    def locate(self, run: str) -> Path:
        """Return the file of the run whose id begins with ``run``; raises as ``load`` does."""
        indexed = [one for one in self._refresh() if one.run is not None]
        known = {one.run.run_id: one.path for one in reversed(indexed) if one.run is not None}
        run = self._resolve(run, [one.run for one in indexed if one.run is not None])
        found = sorted(run_id for run_id in known if run_id.startswith(run))
        if len(found) > 1 and run not in found:
            raise UnknownNameError(
                f"run {run!r} is not unique", "it may be " + ", ".join(found[:8])
            )
        if not found:
            unreadable = len(self._refresh()) - len(indexed)
            raise UnknownNameError(
                f"there is no run {run!r} in {self.folder}", suggest(run, known, unreadable)
            )
        return self.folder / known[run if run in found else found[0]]

    def _resolve(self, term: str, runs: Sequence[RunSummary]) -> str:
        return max(runs, key=age).run_id if term == NEWEST and runs else term

    def _read_all(self) -> tuple[list[RunSummary], tuple[Unreadable, ...]]:
        runs: dict[str, RunSummary] = {}
        unreadable: list[Unreadable] = []
        for one in self._refresh():
            if one.run is None:
                unreadable.extend([one.unreadable] if one.unreadable else [])
            elif one.run.run_id in runs:
                reason = f"run {one.run.run_id} is there already under another name"
                unreadable.append(Unreadable(path=one.path, kind="duplicate", reason=reason))
            else:
                runs[one.run.run_id] = one.run
        return sorted(runs.values(), key=age), tuple(unreadable)

    def _refresh(self) -> list[Indexed]:
        try:
            return refresh(self.folder, self._read)
        except OSError as error:
            raise StoreError(
                f"cannot read the results folder {self.folder}: {error.strerror}",
                "check its permissions, or name another with --results",
            ) from error

    def _read(self, path: str) -> Indexed:
        try:
            record = decode_record((self.folder / path).read_bytes(), path)
        except RecordError as error:
            return Indexed(path, unreadable=error.unreadable)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            unreadable = Unreadable(path=path, kind="corrupt", reason=reason)
            return Indexed(path, unreadable=unreadable)
        return Indexed(path, summarize(record))


def suggest(run: str, known: Iterable[str], unreadable: int) -> str:
    """Return what to do where no run is called ``run``; so many files cannot be read."""
    known = list(known)
    hints = [nearest(run, known) if known else "dlbench run makes some"]
    if len(known) > FEW_RUNS and hints[0].startswith("known:"):
        hints = ["dlbench list results shows all"]
    if unreadable:
        hints.append(f"{unreadable} files there cannot be read: dlbench list results names them")
    return "\n".join(hints)


def read_record(path: Path) -> Record:
    """Return the record in a file; raises StoreError where it cannot be used."""
    try:
        return decode_record(path.read_bytes(), str(path))
    except RecordError as error:
        raise StoreError(
            f"{path}: {error}", "dlbench list results names every file that cannot be used"
        ) from None
    except OSError as error:
        raise StoreError(
            f"cannot read {path}: {error.strerror}", "check its permissions"
        ) from error


def age(run: RunSummary) -> tuple[str, int, str]:
    """Return what runs are sorted by, oldest first."""
    return run.started, run.round, run.run_id


def name_file(record: Record) -> Path:
    """Return where a record lies below the results folder."""
    time = re.sub(r"[^0-9T.]", "", record.started.partition("+")[0])
    parts = (record.cell.scenario, record.cell.framework, f"{time}Z-{record.run_id}")
    scenario, framework, file = (
        re.sub(r"[^\w.=-]", "_", part).lstrip(".") or "_" for part in parts
    )
    return Path(scenario, framework, f"{file}.json")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, flush it to the disk, and give it its name; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def rescue(name: str, content: bytes) -> str:
    """Put a record that could not be saved into the temporary folder, and say what to do."""
    path = Path(tempfile.gettempdir()) / "dlbench-unsaved" / name
    try:
        write_whole(path, content)
    except OSError as error:
        return f"nor in {path.parent} ({error.strerror}): make room, or name another --results"
    return (
        f"the record was put at {path} instead\n"
        f"make room, or make the folder writable, then: dlbench results import {path}"
    )
