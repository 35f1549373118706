"""A plugin for tests that was written for a newer plugin API."""

from collections.abc import Iterable
from dataclasses import replace

import dlbench_faulty

from dlbench.framework import API_VERSION, Framework, hookimpl


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the toy framework as a later version of it would be."""
    return [
        replace(framework, name="newer", api_version=API_VERSION + 1)
        for framework in dlbench_faulty.dlbench_frameworks()
    ]
