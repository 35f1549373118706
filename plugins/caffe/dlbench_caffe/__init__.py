"""Caffe for dlbench: its one image, and what it can do."""

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

_IMAGE = Image(
    id="caffe-1.0",
    versions={"caffe": "1.0.0"},
    stack="2017",
    # Chooses OpenBLAS's kernels for this processor, then is Debian's Python.
    python="/opt/dlbench/python",
    python_version="3.9",
    # Warnings and errors alone: every net says hundreds of lines of itself otherwise.
    environment={"GLOG_minloglevel": "1"},
    venv=False,
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Caffe 1.0 as Debian packs it: the state of August 2018, with OpenBLAS."""
    return [
        Framework(
            name="caffe",
            summary="Caffe's own layers in a NetSpec, trained by its solver step by step",
            adapter=_HERE / "adapter.py",
            files=(_HERE / "adapter_layers.py",),
            images=(_IMAGE,),
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW",), summary="image layout"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=(
                    Refusal(
                        reason="the gates of Caffe's LSTM are sigmoids and cannot be set",
                        layers=("lstm",),
                        parameters={"gate_activation": ("hard_sigmoid",)},
                    ),
                ),
                differences=(
                    Difference(
                        optimizer="adam",
                        reason="Caffe adds epsilon to the root before its correction",
                    ),
                ),
            ),
        )
    ]
