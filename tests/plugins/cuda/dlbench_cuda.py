"""A plugin for tests whose framework has an image for CUDA devices."""

from collections.abc import Iterable
from dataclasses import replace

import dlbench_faulty

from dlbench.framework import Framework, hookimpl


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the toy framework, its image for both kinds of devices."""
    return [
        replace(
            framework,
            name="cuda",
            images=tuple(replace(image, devices=("cpu", "cuda")) for image in framework.images),
        )
        for framework in dlbench_faulty.dlbench_frameworks()
    ]
