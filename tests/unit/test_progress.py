"""Following the events of a run while it writes them."""

from __future__ import annotations

import queue
import subprocess
import sys
from pathlib import Path

import pytest
from watchdog.observers import Observer

from dlbench.job import Event
from dlbench.progress import Lines, follow_events


def line(name: str) -> bytes:
    return b'{"event": "%s", "seconds": 1.5}\n' % name.encode()


def test_lines_come_when_they_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = Lines(path)
    assert lines.read() == []
    path.write_bytes(b"one\ntw")
    assert lines.read() == [b"one"]
    assert lines.read() == []
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    assert lines.read() == [b"two", b"three"]


def test_events_are_passed_on_while_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    seen: queue.Queue[Event] = queue.Queue()
    with follow_events(path, seen.put), path.open("ab", buffering=0) as file:
        file.write(line("first"))
        assert seen.get(timeout=10).event == "first"
        file.write(line("second"))
        assert seen.get(timeout=10).event == "second"


def test_nothing_is_lost_at_the_end_and_nonsense_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    seen: list[Event] = []
    with follow_events(path, seen.append):
        path.write_bytes(line("a") + b"no json\n" + line("b") + b'{"event": "cut')
    assert [event.event for event in seen] == ["a", "b"]


def test_a_run_without_events(tmp_path: Path) -> None:
    seen: list[Event] = []
    with follow_events(tmp_path / "events.jsonl", seen.append):
        pass
    assert seen == []


def test_an_error_of_the_listener_is_raised_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    def listen(event: Event) -> None:
        raise RuntimeError(event.event)

    with pytest.raises(RuntimeError, match="first"), follow_events(path, listen):
        path.write_bytes(line("first"))


def test_without_a_watch_everything_comes_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object) -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(Observer, "start", refuse)
    path = tmp_path / "events.jsonl"
    seen: list[Event] = []
    with follow_events(path, seen.append):
        path.write_bytes(line("late"))
        assert seen == []
    assert [event.event for event in seen] == ["late"]


def test_an_error_of_the_watch_is_raised_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(self: object) -> None:
        raise RuntimeError("no watch")

    monkeypatch.setattr(Observer, "start", break_down)
    with (
        pytest.raises(RuntimeError, match="no watch"),
        follow_events(tmp_path / "events.jsonl", print),
    ):
        pass


def test_the_watch_says_nothing_of_its_own(tmp_path: Path) -> None:
    program = f"""
import logging
from pathlib import Path
from dlbench.progress import follow_events
with follow_events(Path({str(tmp_path)!r}) / "events.jsonl", print):
    pass
logging.getLogger("watchdog.observers").error("stopped between two looks")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
