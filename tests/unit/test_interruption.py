"""The first signal ends the run, a doubled one does no more, a later one ends the program."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from samples import ScriptedEngine

from dlbench.cli import interruption
from dlbench.cli.interruption import Interruption
from dlbench.engine import Exit


class CountingEngine(ScriptedEngine):
    """Counts how often it is interrupted."""

    def __init__(self) -> None:
        super().__init__(lambda _spec: None, Exit(how="interrupted"))
        self.interrupts = 0
        self.heard = threading.Event()

    def interrupt(self) -> None:
        self.interrupts += 1
        self.heard.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_doubled_signal_interrupts_once(number: signal.Signals) -> None:
    engine = CountingEngine()
    before = signal.getsignal(number)
    with Interruption(engine) as interrupted:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert engine.heard.wait(5)
    assert engine.interrupts == 1
    assert interrupted.signalled == number
    assert signal.getsignal(number) == before


def test_later_signal_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "SAME_SIGNAL_SECONDS", -1.0)
    with Interruption(CountingEngine()):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
