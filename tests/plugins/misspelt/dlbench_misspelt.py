"""A plugin for tests that misspells its hook."""

from collections.abc import Iterable

from dlbench.framework import Framework, hookimpl


@hookimpl
def dlbench_framework() -> Iterable[Framework]:
    """Return what nobody asks for."""
    return []
