"""MXNet for dlbench: which images there are, and what each can do."""

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

#: Those that Keras on MXNet lives in, too.
IMAGES = tuple(
    Image(
        id=f"mxnet-{version}",
        versions={"mxnet": version, "keras": keras},
        stack="2017",
        python="python2.7",
        python_version="2.7",
        # Else OpenMP's threads turn idly in the time of the engine's own, which wait for the same
        # processors: steps of a small network take six times the processor time.
        environment={"OMP_WAIT_POLICY": "PASSIVE"},
    )
    for version, keras in (("0.11.0", "1.2.2.1"), ("1.5.1", "2.2.4.2"))
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return MXNet as of 2017, and the last one for Python 2.7."""
    return [
        Framework(
            name="mxnet",
            summary="MXNet symbols, bound to an executor, and an updater",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in ("layers", "updates")),
            images=IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW", "NHWC"), summary="image layout"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=(
                    Refusal(
                        reason="MXNet's convolutions take no NHWC images on the CPU",
                        devices=("cpu",),
                        layers=("convolution",),
                        axes={"layout": ("NHWC",)},
                    ),
                ),
            ),
        )
    ]
