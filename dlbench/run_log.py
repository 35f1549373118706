"""The log of a run: what its processes printed, bounded in size."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

HEAD_BYTES = 4 * 2**20
TAIL_BYTES = 2**20


class RunLog:
    """Writes the beginning of an output as it comes, and its end when it is closed.

    What lies between is counted and dropped, so that a worker that prints gigabytes fills no disk.
    A disk that is full already loses the log, not the run: ``error`` says so.
    """

    def __init__(
        self, path: Path, *, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES
    ) -> None:
        self.error = ""
        self._room = head_bytes
        self._tail_bytes = tail_bytes
        self._tail: deque[bytes] = deque()
        self._tail_length = 0
        self._dropped = 0
        self._file = path.open("wb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, chunk: bytes) -> None:
        """Take the next piece of output."""
        head, rest = chunk[: self._room], chunk[self._room :]
        if head:
            self._room -= len(head)
            self._append(head)
        if rest:
            self._keep(rest)

    def _keep(self, chunk: bytes) -> None:
        self._tail.append(chunk)
        self._tail_length += len(chunk)
        while self._tail_length - len(self._tail[0]) >= self._tail_bytes:
            oldest = self._tail.popleft()
            self._tail_length -= len(oldest)
            self._dropped += len(oldest)

    def _append(self, piece: bytes) -> None:
        if self.error:
            return
        try:
            self._file.write(piece)
        except OSError as error:
            self.error = f"the log could not be written: {error.strerror}"

    def close(self) -> None:
        """Write what was kept of the end."""
        if self._file.closed:
            return
        tail = b"".join(self._tail)
        surplus = max(0, len(tail) - self._tail_bytes)
        dropped = self._dropped + surplus
        if dropped:
            self._append(b"\n[... %d bytes left out ...]\n" % dropped)
        self._append(tail[surplus:])
        self._file.close()
