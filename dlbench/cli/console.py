"""The consoles that commands print to, made when first needed because rich is slow to import."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@functools.cache
def out() -> Console:
    """Return the console for what was asked for: tables, lists, JSON."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@functools.cache
def err() -> Console:
    """Return the console for progress and remarks, which no program reads."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)
