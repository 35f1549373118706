"""Which dlbench is at work: its version, its git revision, its command line."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from dlbench.record import Provenance

PACKAGE = Path(__file__).resolve().parent


def find_provenance(command_line: Sequence[str]) -> Provenance:
    """Return what a record keeps of the dlbench that made it; git facts only in a checkout."""
    revision = ask_git("rev-parse", "HEAD")
    changes = ask_git("status", "--porcelain") if revision else None
    return Provenance(
        dlbench=version("dlbench"),
        python=platform.python_version(),
        command_line=tuple(command_line),
        git_revision=revision,
        git_dirty=None if changes is None else bool(changes),
    )


def ask_git(*arguments: str) -> str | None:
    """Return what git says of the checkout that holds this package, or None where it is in none."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
