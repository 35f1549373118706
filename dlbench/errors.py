"""Every error that a user can meet, in one place because each kind has its own exit code.

An error is explained: ``message`` says what is wrong and where, ``hint`` what to do about it.
Anything else that reaches the user is a bug and keeps its traceback.

===== ==============================================================
code  meaning
===== ==============================================================
0     everything asked for was done
1     a bug in dlbench (with its traceback)
2     the command line cannot be used as typed
3     a scenario file is wrong
4     a name is unknown (scenario, framework, version, axis, run)
5     a plugin is broken, or two plugins have one name
6     the engine is absent, not permitted, too old, or lacks a device
7     an image could not be built or verified
8     a dataset could not be had, or is not what it should be
9     the results folder cannot be read or written
10    at least one run did not end with status ok
11    nothing to execute: every chosen cell is unsupported
12    parity or an audit failed: a framework does not do the work that the scenario states
13    a row is slower than its baseline by more than --fail-if-slower
14    a record was executed again and does not agree, or nobody can say
130   interrupted (Ctrl-C); what was measured is kept
143   terminated (SIGTERM); what was measured is kept
===== ==============================================================
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class DlbenchError(Exception):
    """An explained failure: one line of what is wrong, one of what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DlbenchError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class ScenarioError(DlbenchError):
    """A scenario file is wrong; the message names the file, the key or layer."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint or "mend it, then: dlbench scenario check FILE")


class UnknownNameError(DlbenchError):
    """A scenario, framework, version, axis value or run that does not exist."""

    exit_code = 4


class PluginError(DlbenchError):
    """A plugin cannot be used, or two plugins claim one framework name."""

    exit_code = 5


class EngineError(DlbenchError):
    """The engine is absent, not permitted, too old, or lacks what was asked for."""

    exit_code = 6


class ImageError(DlbenchError):
    """An image could not be rendered, built or verified."""

    exit_code = 7


class DataError(DlbenchError):
    """A dataset could not be had from any source, or its hash is wrong."""

    exit_code = 8


class StoreError(DlbenchError):
    """The results folder, or a record in it, cannot be read or written."""

    exit_code = 9


class RunsFailedError(DlbenchError):
    """At least one run did not end well; its record says how."""

    exit_code = 10


class NothingToRunError(DlbenchError):
    """Every chosen cell is unsupported."""

    exit_code = 11


class ParityError(DlbenchError):
    """At least one framework was shown to do other work than the scenario states."""

    exit_code = 12


class SlowerError(DlbenchError):
    """A row is slower than its baseline by more than it may be, or the gate could not say."""

    exit_code = 13


class DisagreementError(DlbenchError):
    """What repeats a record does not agree with it, or there is too little to say."""

    exit_code = 14


class StoppedError(DlbenchError):
    """Ctrl-C ended the work; what was measured is kept."""

    exit_code = 130


class TerminatedError(DlbenchError):
    """SIGTERM ended the work; what was measured is kept."""

    exit_code = 143


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known name closest to ``name``, or the known names."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known: " + ", ".join(choices) if choices else "none are known"
