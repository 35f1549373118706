"""Torch7 for dlbench: the kernels that it ran on, as PyTorch 1.0.0 still carries them.

Torch7 itself, in Lua, is in no package registry.  Its layers were thin: shapes and buffers around
the THNN kernels and TH's matrix products, which are here called as Torch7's ``nn`` called them.
"""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import (
    LAYERS,
    OPTIMIZERS,
    Axis,
    Framework,
    Image,
    Refusal,
    Supports,
    hookimpl,
)

_HERE = Path(__file__).parent


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Torch7 as of 2017."""
    return [
        Framework(
            name="torch7",
            summary="Torch7's nn and optim on the THNN kernels from PyTorch 1.0.0",
            adapter=_HERE / "adapter.py",
            files=tuple(
                _HERE / f"adapter_{name}.py" for name in ("layers", "modules", "optim", "spatial")
            ),
            images=(
                Image(
                    id="torch-1.0.0",
                    versions={"torch7": "(THNN kernels from PyTorch 1.0.0)"},
                    stack="2017",
                    python="python2.7",
                    python_version="2.7",
                    # A convolution is a product an image: threads that spin while they wait for
                    # the next one cost a busy machine ten times what sleeping does.
                    environment={"OMP_WAIT_POLICY": "PASSIVE"},
                ),
            ),
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW",), summary="memory layout of images"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=(
                    Refusal(
                        reason="Torch7's nn has no recurrent layers, and THNN no kernels for CPUs",
                        layers=("lstm",),
                    ),
                ),
            ),
        )
    ]
