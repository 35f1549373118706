"""TensorFlow for dlbench: which images there are, and what each can do."""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import Axis, Framework, Image, Refusal, Supports, hookimpl

_HERE = Path(__file__).parent

_LAYERS = (
    "convolution",
    "max_pool",
    "average_pool",
    "dense",
    "activation",
    "dropout",
    "flatten",
    "permute",
    "reshape",
    "embedding",
    "lstm",
    "time_distributed",
    "repeat",
    "add",
)

_IMAGES = (
    Image(
        id="tensorflow-2.21.0",
        versions={"tensorflow": "2.21.0"},
        stack="2026",
        devices=("cpu", "cuda"),
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
    Image(
        id="tensorflow-1.0.0",
        versions={"tensorflow": "1.0.0"},
        stack="2017",
        adapter=_HERE / "adapter_v1.py",
        python="python2.7",
        python_version="2.7",
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
)

_REFUSALS = (
    Refusal(
        reason="the TensorFlow 1.0.0 wheel has no XLA and ignores the setting",
        images=("tensorflow-1.0.0",),
        axes={"xla": ("on",)},
    ),
    Refusal(
        reason="TensorFlow 1.0.0 takes no NCHW images on the CPU: convolutions end the process",
        images=("tensorflow-1.0.0",),
        devices=("cpu",),
        layers=("convolution", "max_pool", "average_pool"),
        axes={"layout": ("NCHW",)},
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return TensorFlow: version 2 as of 2026, version 1.0.0 as of 2017."""
    return [
        Framework(
            name="tensorflow",
            summary="TensorFlow's own operations on variables, one graph a step",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in ("layers", "recurrent")),
            images=_IMAGES,
            supports=Supports(
                layers=_LAYERS,
                optimizers=("sgd", "rmsprop", "adadelta", "adagrad", "adam"),
                axes=(
                    Axis(name="layout", values=("NHWC", "NCHW"), summary="image layout"),
                    Axis(name="xla", values=("off", "on"), summary="compile with XLA"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=_REFUSALS,
            ),
        )
    ]
