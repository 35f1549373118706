"""CNTK for dlbench: which image there is, and what it can do."""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import LAYERS, OPTIMIZERS, Axis, Framework, Image, Supports, hookimpl

_HERE = Path(__file__).parent


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return CNTK 2.7, the last one that there is."""
    return [
        Framework(
            name="cntk",
            summary="CNTK's operations and learners, one Trainer",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in ("layers", "learners")),
            images=(
                Image(
                    id="cntk-2.7",
                    versions={"cntk": "2.7"},
                    stack="2017",
                    python="python2.7",
                    python_version="2.7",
                    # Open MPI is a package of the system.
                    venv=False,
                ),
            ),
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW",), summary="image layout"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
            ),
        )
    ]
