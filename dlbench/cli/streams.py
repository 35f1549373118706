"""Standard output and standard error as a command line needs them.

Any character can be printed wherever the output goes.  Output that cannot be written is an
explained error; progress and remarks that nobody can read must not end a measurement.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from dlbench.errors import DlbenchError, StoreError


class ReaderGoneError(DlbenchError):
    """Nobody reads standard output any more, and so nobody is to be told."""

    #: As a shell shows it: 128 + SIGPIPE.
    exit_code = 141


class Output(io.TextIOWrapper):
    """Standard output: raises a DlbenchError where it cannot be written, and is stays so."""

    failure: DlbenchError | None = None

    def write(self, text: str) -> int:
        """Write ``text``; raises ReaderGoneError or StoreError, also ever after."""
        if self.failure is not None:
            raise self.failure
        try:
            super().write(text)
        except OSError as error:
            self.give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is waiting; raises ReaderGoneError or StoreError, once."""
        if self.failure is None:
            try:
                super().flush()
            except OSError as error:
                self.give_up(error)

    def give_up(self, error: OSError) -> None:
        """Write no more, and raise what that means."""
        # What waits in the buffers would fail again when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        self.failure = StoreError(
            f"cannot write the output: {error.strerror}", "make room, or write it elsewhere"
        )
        if isinstance(error, BrokenPipeError):
            self.failure = ReaderGoneError("")
        raise self.failure from None


class Remarks(Output):
    """Standard error: what cannot be written is dropped."""

    def give_up(self, error: OSError) -> None:
        """Write no more."""
        try:
            super().give_up(error)
        except DlbenchError:
            self.failure = None


def prepare_streams() -> None:
    """Put these streams in the place of Python's own."""
    for name, kind in (("stdout", Output), ("stderr", Remarks)):
        stream = getattr(sys, name)
        if stream is None:
            # It was closed before we began; no file opened later may take its place.
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open
        prepared = kind(
            stream.detach(),
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, prepared)
