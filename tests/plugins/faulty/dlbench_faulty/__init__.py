"""A framework for tests: goes wrong as its axis ``fault`` says, in an image like the oracle's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlbench.framework import Axis, Framework, Image, Refusal, Supports, hookimpl

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parents[3] / "images"

FAULTS = (
    "none",
    "crash",
    "silent",
    "broken",
    "huge",
    "memory",
    "hang",
    "error",
    "unsupported",
    "print",
    "flood",
    "slow",
    "lost",
    "spawn",
    "deaf",
    "frozen",
    "refused",
)


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the faulty framework."""
    image = Image(
        id="faulty-1.0",
        versions={"faulty": "1.0"},
        stack="2026",
        folder=IMAGES / "numpy" / "numpy-2.4.6",
    )
    return [
        Framework(
            name="faulty",
            summary="Goes wrong as asked",
            adapter=FOLDER / "adapter.py",
            images=(image,),
            supports=Supports(
                layers=("dense", "activation"),
                optimizers=("sgd",),
                axes=(Axis(name="fault", values=FAULTS, summary="what goes wrong"),),
                refusals=(
                    Refusal(
                        reason="this fault is refused before anything starts",
                        axes={"fault": ("refused",)},
                    ),
                ),
            ),
        )
    ]
