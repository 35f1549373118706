"""A plugin for tests that forgets to mark its hook."""

from collections.abc import Iterable

from dlbench.framework import Framework


def dlbench_frameworks() -> Iterable[Framework]:
    """Return what nobody asks for."""
    return []
