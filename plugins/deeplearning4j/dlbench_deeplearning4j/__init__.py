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

_M21, _RC38 = "deeplearning4j-1.0.0-M2.1", "deeplearning4j-0.4-rc3.8"

_FILES = (
    "arrays",
    "axes",
    "chain",
    "chain_layers",
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
    Image(
        id=_RC38,
        versions={"deeplearning4j": "0.4-rc3.8"},
        stack="2017",
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
    Refusal(
        reason="Deeplearning4j 0.4-rc3.8 has no layers that take NHWC images",
        images=(_RC38,),
        layers=("convolution", "max_pool", "average_pool"),
        axes={"layout": ("NHWC",)},
    ),
    Refusal(
        reason="Deeplearning4j 0.4-rc3.8 has neither embeddings, plain LSTMs, sums nor turned axes",
        images=(_RC38,),
        layers=(
            "embedding",
            "lstm",
            "time_distributed",
            "repeat",
            "add",
            "permute",
            "reshape",
        ),
    ),
    Refusal(
        reason="Deeplearning4j 0.4-rc3.8 has no hard sigmoid",
        images=(_RC38,),
        layers=("activation",),
        parameters={"function": ("hard_sigmoid",)},
    ),
)

_DIFFERENCES = (
    Difference(
        optimizer="adam",
        reason="Deeplearning4j adds epsilon to the root before its correction",
        images=(_M21,),
    ),
    *(
        Difference(
            optimizer=optimizer,
            reason="Deeplearning4j 0.4-rc3.8 divides the update by the batch, not the gradient",
            images=(_RC38,),
        )
        for optimizer in ("rmsprop", "adadelta", "adagrad", "adam")
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Deeplearning4j as of 2022, and as of the comparisons of 2016."""
    return [
        Framework(
            name="deeplearning4j",
            summary="Deeplearning4j on the JVM, fit on one batch at a time",
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
                        summary="the processor's own BLAS kernels and, as of 2022, oneDNN's "
                        "convolutions and threads that wait passively, as of 2016 one iteration "
                        "of gradient descent a fit; or what a user of the documentation gets",
                    ),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=_REFUSALS,
                differences=_DIFFERENCES,
            ),
        )
    ]
