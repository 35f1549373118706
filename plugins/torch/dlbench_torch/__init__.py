"""PyTorch for dlbench: which images there are, and what each can do."""

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

#: torch.compile loads the libraries that it has just made from here.
_COMPILE_FOLDER = "/tmp/torchinductor"

_IMAGES = (
    Image(
        id="torch-2.13.0",
        versions={"torch": "2.13.0"},
        stack="2026",
        devices=("cpu", "cuda"),
        scratch=(_COMPILE_FOLDER,),
        environment={"TORCHINDUCTOR_CACHE_DIR": _COMPILE_FOLDER},
    ),
    Image(
        id="torch-1.0.0",
        versions={"torch": "1.0.0"},
        stack="2019",
        adapter=_HERE / "adapter_v1.py",
        python="python2.7",
        python_version="2.7",
        # Threads that spin while they wait cost a busy machine ten times what sleeping does.
        environment={"OMP_WAIT_POLICY": "PASSIVE"},
    ),
)

_REFUSALS = (
    Refusal(
        reason="PyTorch 1.0.0 has no memory formats: images are NCHW",
        images=("torch-1.0.0",),
        layers=("convolution", "max_pool", "average_pool"),
        axes={"layout": ("NHWC",)},
    ),
    Refusal(
        reason="PyTorch 1.0.0 has no torch.compile",
        images=("torch-1.0.0",),
        axes={"compile": ("on",)},
    ),
    Refusal(
        reason="PyTorch 1.0.0 has no bfloat16",
        images=("torch-1.0.0",),
        axes={"precision": ("bfloat16",)},
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return PyTorch: version 2 as of 2026, version 1.0.0 as of 2019."""
    return [
        Framework(
            name="torch",
            summary="PyTorch modules, autograd and torch.optim",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in ("base", "layers", "optimizers")),
            images=_IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
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
                refusals=_REFUSALS,
            ),
        )
    ]
