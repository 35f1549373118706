"""TensorFlow for dlbench: which images there are, and what each can do."""

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


def _make_v1(image_id: str, version: str, stack: str, **environment: str) -> Image:
    """Return an image of TensorFlow 1, which all have one adapter."""
    return Image(
        id=image_id,
        versions={"tensorflow": version},
        stack=stack,
        adapter=_HERE / "adapter_v1.py",
        python="python2.7",
        python_version="2.7",
        environment={"TF_CPP_MIN_LOG_LEVEL": "2", **environment},
    )


#: Without it XLA compiles for GPUs alone, whatever a session asks for; with it, where one does.
_XLA = "--tf_xla_cpu_global_jit"

_IMAGES = (
    Image(
        id="tensorflow-2.21.0",
        versions={"tensorflow": "2.21.0"},
        stack="2026",
        devices=("cpu", "cuda"),
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
    _make_v1("intel-tensorflow-1.15.0", "1.15.0+intel", "2019", TF_XLA_FLAGS=_XLA),
    _make_v1("tensorflow-1.15.0", "1.15.0", "2019", TF_XLA_FLAGS=_XLA),
    _make_v1("tensorflow-1.0.0", "1.0.0", "2017"),
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
    Refusal(
        reason="TensorFlow 1.15.0 takes no NCHW images on the CPU, only Intel's build of it does",
        images=("tensorflow-1.15.0",),
        devices=("cpu",),
        layers=("convolution", "max_pool", "average_pool"),
        axes={"layout": ("NCHW",)},
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return TensorFlow: version 2 as of 2026, version 1 as of 2019 and 2017."""
    return [
        Framework(
            name="tensorflow",
            summary="TensorFlow's own operations on variables, one graph a step",
            adapter=_HERE / "adapter.py",
            files=tuple(
                _HERE / f"adapter_{name}.py" for name in ("graph", "layers", "mkl", "recurrent")
            ),
            images=_IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NHWC", "NCHW"), summary="image layout"),
                    Axis(name="xla", values=("off", "on"), summary="compile with XLA"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=_REFUSALS,
            ),
        )
    ]
