"""Parity runs that were made before: in the cache by their key, and among the records.

What is kept is the whole record, and it is judged again whenever it is used: bounds and declared
differences are those of the dlbench that asks.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from msgspec import Struct

from dlbench.record import Record
from dlbench.store import RecordError, Store, decode_record, encode_record, write_whole


class Verdicts(Struct, frozen=True, kw_only=True):
    """The parity runs that a cache and a results folder hold."""

    cache: Path
    store: Store

    def place(self, key: str) -> Path:
        """Return the file of a key in the cache."""
        return self.cache / "parity" / "verdicts" / f"{key}.json"

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
        try:
            return decode_record(self.place(key).read_bytes())
        except (OSError, RecordError):
            return None

    def keep(self, record: Record) -> Path:
        """Save a new parity run in both places; return the file among the records."""
        path = self.store.save(record)
        self.remember(record)
        return path

    def remember(self, record: Record) -> None:
        """Write a record to the cache; one that cannot be written there is made again some day."""
        with contextlib.suppress(OSError):
            write_whole(self.place(record.parity.key), encode_record(record))
