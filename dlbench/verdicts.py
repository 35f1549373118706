"""Parity runs that were made before: in the cache by their key, and among the records.

What is kept is the whole record, and it is judged again whenever it is used: bounds and declared
differences are those of the dlbench that asks.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from msgspec import Struct

from dlbench.record import Record
from dlbench.store import RecordError, Store, decode_record, encode_record, write_whole

#: So many are kept in the cache, those that were asked for last.  Keys change with adapter, worker
#: and scenario, and nobody asks for the old ones again.
MOST = 1000


class Verdicts(Struct, frozen=True, kw_only=True):
    """The parity runs that a cache and a results folder hold."""

    cache: Path
    store: Store

    @property
    def folder(self) -> Path:
        """Where those in the cache lie."""
        return self.cache / "parity" / "verdicts"

    def place(self, key: str) -> Path:
        """Return the file of a key in the cache."""
        return self.folder / f"{key}.json"

    def find(self, key: str) -> Record | None:
        """Return the newest parity run of ``key``, which then is in the results folder too.

        Raises StoreError where that cannot be read or written.
        """
        cached = self.read(key)
        if cached is not None:
            if not self.store.holds(cached):
                self.store.save(cached)
            return cached
        record = self.store.find_parity(key)
        if record is not None:
            self.remember(record)
        return record

    def read(self, key: str) -> Record | None:
        """Return the record in the cache, None where it is absent, of another version or broken."""
        place = self.place(key)
        try:
            record = decode_record(place.read_bytes())
        except (OSError, RecordError):
            return None
        with contextlib.suppress(OSError):
            os.utime(place)
        return record

    def keep(self, record: Record) -> Path:
        """Save a new parity run in both places; return the file among the records."""
        path = self.store.save(record)
        self.remember(record)
        return path

    def remember(self, record: Record) -> None:
        """Write a record to the cache; one that cannot be written there is made again some day."""
        with contextlib.suppress(OSError):
            write_whole(self.place(record.parity.key), encode_record(record))
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Remove the files beyond so many that were not asked for the longest; raises OSError.

        Whoever reads one has it whole, or finds it absent.
        """
        files = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for file in files[:-MOST]:
            file.unlink(missing_ok=True)
