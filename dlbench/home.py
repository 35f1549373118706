"""The caller's home folder, which somebody in a container may not have."""

from __future__ import annotations

from pathlib import Path

#: Where the home of somebody is who has none: nothing is ever there.
NOWHERE = Path("/nonexistent")


def find_home() -> Path:
    """Return the caller's home, or a folder that does not exist."""
    try:
        return Path.home()
    except RuntimeError:
        return NOWHERE


def expand(path: str) -> Path:
    """Return ``path`` with the home in place of a ``~``; as it is where there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
