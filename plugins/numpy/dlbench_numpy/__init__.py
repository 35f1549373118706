"""The oracle: NumPy in float64, with explicit forward and backward for every kind of layer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlbench.framework import LAYERS, OPTIMIZERS, Axis, Framework, Image, Supports, hookimpl

_FOLDER = Path(__file__).parent


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the oracle."""
    image = Image(
        id="numpy-2.4.6",
        versions={"numpy": "2.4.6"},
        stack="2026",
    )
    return [
        Framework(
            name="numpy",
            summary="The oracle: NumPy in float64, written out layer by layer",
            adapter=_FOLDER / "adapter.py",
            files=tuple(sorted(_FOLDER.glob("adapter_*.py"))),
            images=(image,),
            oracle=True,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(
                        name="precision",
                        values=("float64", "float32"),
                        summary="number format of all arithmetic",
                    ),
                ),
            ),
        )
    ]
