"""Which tests are executed: all of them, or those that every change must pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol


class Marked(Protocol):
    """What is read of a test."""

    def get_closest_marker(self, name: str) -> object | None: ...

    def iter_markers(self, name: str) -> Iterable[Mark]: ...


class Mark(Protocol):
    """A marker on a test."""

    @property
    def args(self) -> tuple[object, ...]: ...


def is_left_out(test: Marked, *, full: bool, missing: Collection[str]) -> bool:
    """Return whether a test waits for ``--full``, or needs an image among the ``missing``."""
    if test.get_closest_marker("full") and not full:
        return True
    return any(set(mark.args) & set(missing) for mark in test.iter_markers("image"))
