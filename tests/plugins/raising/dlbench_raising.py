"""A plugin for tests whose hook raises."""

from collections.abc import Iterable

from dlbench.framework import Framework, hookimpl


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Fail, over several lines."""
    raise RuntimeError("no licence file\nwas found")
