"""PyTorch for dlbench: which images there are, and what each can do."""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import Axis, Framework, Image, Supports, hookimpl

_HERE = Path(__file__).parent

#: torch.compile loads the libraries that it has just made from here.
_COMPILE_FOLDER = "/tmp/torchinductor"

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


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return PyTorch as of 2026."""
    return [
        Framework(
            name="torch",
            summary="PyTorch modules, autograd and torch.optim",
            adapter=_HERE / "adapter.py",
            files=(_HERE / "adapter_layers.py",),
            images=(
                Image(
                    id="torch-2.13.0",
                    versions={"torch": "2.13.0"},
                    stack="2026",
                    devices=("cpu", "cuda"),
                    scratch=(_COMPILE_FOLDER,),
                    environment={"TORCHINDUCTOR_CACHE_DIR": _COMPILE_FOLDER},
                ),
            ),
            supports=Supports(
                layers=_LAYERS,
                optimizers=("sgd", "rmsprop", "adadelta", "adagrad", "adam"),
                axes=(
                    Axis(name="layout", values=("NCHW", "NHWC"), summary="memory layout of images"),
                    Axis(
                        name="compile", values=("off", "on"), summary="compile with torch.compile"
                    ),
                    Axis(
                        name="precision",
                        values=("float32", "bfloat16"),
                        summary="number format of products; bfloat16 is torch's autocast",
                    ),
                ),
            ),
        )
    ]
