"""Which dlbench is at work: its version, its git revision, its command line."""

from __future__ import annotations

import platform
import subprocess
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from dlbench.record import Provenance

PACKAGE = Path(__file__).resolve().parent
GIT_SECONDS = 10


class Inquiry:
    """What is asked of git, which answers while the caller goes on.

    A checkout's ``git status`` may take a while; a run has other things to prepare meanwhile.
    """

    def __init__(self) -> None:
        self._status = ""
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        self._status = ask_git(PACKAGE.parent)

    def answer(self, command_line: Sequence[str]) -> Provenance:
        """Return what a record keeps of the dlbench that made it; git facts only in a checkout."""
        self._thread.join()
        revision, dirty = read_status(self._status)
        return Provenance(
            dlbench=version("dlbench"),
            python=platform.python_version(),
            command_line=tuple(command_line),
            git_revision=revision,
            git_dirty=dirty,
        )


def find_provenance(command_line: Sequence[str]) -> Provenance:
    """Ask git and wait for what it says; see ``Inquiry.answer``."""
    return Inquiry().answer(command_line)


def ask_git(root: Path) -> str:
    """Return the status of the checkout ``root`` as git prints it, or '' where it is none."""
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "status", "--porcelain=v2", "--branch"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout


def read_status(text: str) -> tuple[str | None, bool | None]:
    """Return (revision, whether anything differs from it) out of what ``git status`` prints.

    Both are None where it printed no revision: no checkout, no git, or no commit yet.
    """
    lines = text.splitlines()
    named = [line.rpartition(" ")[2] for line in lines if line.startswith("# branch.oid ")]
    if not named or named[0] == "(initial)":
        return None, None
    return named[0], any(not line.startswith("#") for line in lines)
