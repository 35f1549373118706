"""Frameworks that lie: an honest adapter each, with one fault, on torch and on the oracle.

A lie is a file in ``on_torch`` or ``on_numpy``.  It imports the honest adapter, which is copied
beside it, as ``adapter``, and changes one thing, as a plausible mistake or a vendor's cheat would.
Its framework is called ``torch-update-skipped`` after base and file.  Images are the honest ones'
own, so nothing is built for a lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import dlbench_numpy
import dlbench_torch

from dlbench.framework import Axis, Framework, hookimpl

__all__ = ["BASES", "Base", "dlbench_frameworks"]

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parents[2] / "images"


@dataclass(frozen=True, kw_only=True)
class Base:
    """What lies are planted in: an honest framework, and axes that a lie offers besides."""

    honest: Framework
    axes: dict[str, tuple[Axis, ...]]

    @property
    def folder(self) -> Path:
        """Where the lies on this base lie."""
        return FOLDER / f"on_{self.honest.name}"

    def lies(self) -> tuple[str, ...]:
        """Return the names of all lies on this base."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.py")))

    def framework(self, lie: str) -> Framework:
        """Return the framework that tells ``lie``."""
        honest = self.honest
        # Images with an adapter of their own have none that a lie could be planted in.
        images = (
            replace(image, folder=IMAGES / honest.name / image.id)
            for image in honest.images
            if image.adapter is None
        )
        supports = honest.supports
        return replace(
            honest,
            name=f"{honest.name}-{lie.replace('_', '-')}",
            summary=f"{honest.name}, with a planted fault: {lie.replace('_', ' ')}",
            adapter=self.folder / f"{lie}.py",
            files=(honest.adapter, *honest.files),
            images=tuple(images),
            supports=replace(supports, axes=(*supports.axes, *self.axes.get(lie, ()))),
            oracle=False,
        )


(_TORCH,) = dlbench_torch.dlbench_frameworks()
(_NUMPY,) = dlbench_numpy.dlbench_frameworks()

BASES = {
    "torch": Base(honest=_TORCH, axes={}),
    "numpy": Base(
        honest=_NUMPY,
        axes={
            "wrong_layout": (
                Axis(name="layout", values=("NHWC", "NCHW"), summary="memory layout of images"),
            ),
            "xla_absent": (Axis(name="xla", values=("off", "on"), summary="compile with XLA"),),
        },
    ),
}


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return a framework for every lie on every base."""
    return [base.framework(lie) for base in BASES.values() for lie in base.lies()]
