"""Waiting for the end of a run: time limit, interruptions, and runs that do not want to end."""

from __future__ import annotations

import queue
import signal
import threading
import time

from dlbench.supervision import Ended, Interrupt, Limit, Messages, supervise

QUICK = Limit(timeout_seconds=0.05, grace_seconds=0.05, kill_seconds=0.05)
LONG = Limit(timeout_seconds=30, grace_seconds=30, kill_seconds=30)


class Run:
    """A run that notes what is done to it, and ends when ``ends_at`` says."""

    def __init__(self, ends_at: str = "") -> None:
        self.messages: Messages = queue.SimpleQueue()
        self.done: list[str] = []
        self.ends_at = ends_at

    def terminate(self) -> None:
        self._note("terminate", 143)

    def kill(self) -> None:
        self._note("kill", 137)

    def _note(self, what: str, code: int) -> None:
        self.done.append(what)
        if what == self.ends_at:
            self.messages.put(Ended(code=code))

    def supervise(self, limit: Limit) -> tuple[str, Ended]:
        return supervise(self.messages, limit, terminate=self.terminate, kill=self.kill)


def test_a_run_that_ends_by_itself() -> None:
    run = Run()
    run.messages.put(Ended(code=3))
    assert run.supervise(LONG) == ("exited", Ended(code=3))
    assert run.done == []


def test_an_engine_that_goes_away() -> None:
    run = Run()
    run.messages.put(Ended(lost="gone"))
    assert run.supervise(LONG)[0] == "lost"


def test_timeout_asks_first() -> None:
    run = Run(ends_at="terminate")
    assert run.supervise(QUICK) == ("timeout", Ended(code=143))
    assert run.done == ["terminate"]


def test_timeout_kills_what_does_not_end() -> None:
    run = Run(ends_at="kill")
    assert run.supervise(QUICK) == ("timeout", Ended(code=137))
    assert run.done == ["terminate", "kill"]


def test_what_survives_a_kill_is_lost() -> None:
    run = Run()
    how, ended = run.supervise(QUICK)
    assert how == "lost"
    assert "timeout" in ended.lost


def test_an_interruption_asks_and_a_second_kills() -> None:
    run = Run(ends_at="kill")
    run.messages.put(Interrupt())
    run.messages.put(Interrupt())
    run.messages.put(Interrupt())
    assert run.supervise(LONG) == ("interrupted", Ended(code=137))
    assert run.done == ["terminate", "kill"]


def test_an_interruption_from_a_signal_handler_wakes_the_waiting() -> None:
    run = Run(ends_at="terminate")
    previous = signal.signal(signal.SIGUSR1, lambda *_: run.messages.put(Interrupt()))
    here = threading.get_ident()
    killer = threading.Timer(0.1, lambda: signal.pthread_kill(here, signal.SIGUSR1))
    killer.start()
    started = time.monotonic()
    try:
        assert run.supervise(LONG)[0] == "interrupted"
    finally:
        killer.join()
        signal.signal(signal.SIGUSR1, previous)
    assert time.monotonic() - started < 10
