"""Progress of a run: its events, as the worker writes them, without polling."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dlbench.job import Event

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver


class Lines:
    """The whole lines of a file that grows; a line without its end waits for the rest of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0
        self._rest = b""

    def read(self) -> list[bytes]:
        """Return the lines that have come since the last call."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._position)
                new = stream.read()
        except FileNotFoundError:
            return []
        self._position += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        return lines


def decode(lines: list[bytes]) -> Iterator[Event]:
    """Yield the events in ``lines``; what is no event, such as a line cut short, is passed over."""
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Event)
        except msgspec.DecodeError:
            continue


@contextmanager
def follow_events(path: Path, on_event: Callable[[Event], None]) -> Iterator[None]:
    """Call ``on_event``, in a thread, for each event that is added to ``path`` inside the block.

    The folder of ``path`` must exist, the file need not.  When the block ends, everything that
    was written has been passed on.  An exception in ``on_event``, or in the watch, is raised at the
    end of the block.
    """
    wake: queue.SimpleQueue[bool] = queue.SimpleQueue()
    errors: list[Exception] = []
    reader = threading.Thread(target=_follow, args=(Lines(path), on_event, wake, errors))
    reader.start()
    try:
        yield
    finally:
        wake.put(False)
        reader.join()
    if errors:
        raise errors[0]


def _follow(
    lines: Lines,
    on_event: Callable[[Event], None],
    wake: queue.SimpleQueue[bool],
    errors: list[Exception],
) -> None:
    # Made here, so that what is followed need not wait for it.
    try:
        observer = _observe(lines.path.parent, wake)
    except Exception as error:
        errors.append(error)
        return
    # What was written before the watch began.
    wake.put(True)
    try:
        _pass_on(lines, on_event, wake, errors)
    finally:
        if observer.is_alive():
            observer.stop()
            observer.join()


def _observe(folder: Path, wake: queue.SimpleQueue[bool]) -> BaseObserver:
    """Return what says so in ``wake`` whenever a file in ``folder`` has changed."""
    import logging

    from watchdog.events import FileSystemEventHandler
    from watchdog.observers import Observer

    # It logs an error where it is stopped between two looks at its own state, which is none.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in {"created", "modified", "moved"}:
                wake.put(True)

    observer = Observer()
    observer.schedule(Handler(), str(folder))
    # Where the machine has no watch left to give, everything is passed on at the end.
    with suppress(OSError):
        observer.start()
    return observer


def _pass_on(
    lines: Lines,
    on_event: Callable[[Event], None],
    wake: queue.SimpleQueue[bool],
    errors: list[Exception],
) -> None:
    going = True
    while going:
        going = wake.get()
        try:
            for event in decode(lines.read()):
                on_event(event)
        except Exception as error:
            errors.append(error)
            return
