"""A plugin for tests that prints while it is imported, and works."""

import sys
from collections.abc import Iterable
from dataclasses import replace

import dlbench_faulty

from dlbench.framework import Framework, hookimpl

print("loud: thank you for choosing \x1b[1mloud\x1b[0m")
print("loud: a warning", file=sys.stderr)


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the toy framework under a name of its own."""
    return [replace(framework, name="loud") for framework in dlbench_faulty.dlbench_frameworks()]
