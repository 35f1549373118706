"""The kernel's own files about the machine: where they lie, and reading what may not be there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

CHUNK_BYTES = 65536


class Kernel(Struct, frozen=True, kw_only=True):
    """Where the kernel tells of the machine and of what it does."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")

    def read_proc(self, name: str) -> str:
        """Return a file below ``/proc``, empty where there is none to be read."""
        return read_text(f"{self.proc}/{name}")

    def read_sys(self, name: str) -> str:
        """Return a file below ``/sys`` without the line's end, empty where there is none."""
        return read_text(f"{self.sys}/{name}").strip()

    def find_sys(self, pattern: str) -> Iterator[Path]:
        """Yield the files below ``/sys`` that fit ``pattern``."""
        return self.sys.glob(pattern)


def read_text(path: Path | str) -> str:
    """Return the text of ``path``, empty where it cannot be read."""
    # Past Python's streams: this is called while a run is being timed.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    chunks = []
    try:
        while chunk := os.read(descriptor, CHUNK_BYTES):
            chunks.append(chunk)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return b"".join(chunks).decode("utf-8", "replace")


def read_number(path: Path | str) -> int | None:
    """Return the number that the file holds, None where it holds none or cannot be read."""
    text = read_text(path).strip()
    return int(text) if text.isdigit() else None
