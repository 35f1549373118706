"""Deeplearning4j for dlbench: which images there are, and what each can do."""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import (
    LAYERS,
    OPTIMIZERS,
    Axis,
    Difference,
    Framework,
    Image,
    Refusal,
    Supports,
    hookimpl,
)

_HERE = Path(__file__).parent

_M21 = "deeplearning4j-1.0.0-M2.1"

_FILES = (
    "arrays",
    "axes",
    "graph",
    "java",
    "layers",
    "optimizers",
    "settings",
)

_IMAGES = (
    Image(
        id=_M21,
        versions={"deeplearning4j": "1.0.0-M2.1"},
        stack="2022",
        # The shim has oneDNN's helpers found, where they are let.
        environment={"CLASSPATH": "/opt/jars/*:/opt/shim"},
        # Java and its jars are no packages of Python.
        venv=False,
    ),
)

_REFUSALS = (
    Refusal(
        reason="Deeplearning4j's oneDNN convolutions give wrong gradients for NHWC images",
        images=(_M21,),
        layers=("convolution",),
        axes={"layout": ("NHWC",), "preset": ("tuned",)},
    ),
)

_DIFFERENCES = (
    Difference(
        optimizer="adam",
        reason="Deeplearning4j adds epsilon to the root before its correction",
        images=(_M21,),
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Deeplearning4j as of 2022."""
    return [
        Framework(
            name="deeplearning4j",
            summary="Deeplearning4j graphs on the JVM, fit on one batch at a time",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in _FILES),
            images=_IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW", "NHWC"), summary="image layout"),
                    Axis(
                        name="preset",
                        values=("tuned", "stock"),
                        summary="oneDNN for convolutions, the processor's own BLAS kernels and "
                        "threads that wait passively, or what a user of the documentation gets",
                    ),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=_REFUSALS,
                differences=_DIFFERENCES,
            ),
        )
    ]
