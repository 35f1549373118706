"""A framework for tests whose worker is written in C, and compiled where it runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dlbench.framework import Axis, Framework, Image, Refusal, Supports, hookimpl

FOLDER = Path(__file__).parent

#: The one folder of the container whose files may be executed, beside those of the image.
SCRATCH = "/tmp/compiled"


@hookimpl
def dlbench_frameworks() -> Iterable[Framework]:
    """Return the framework."""
    image = Image(
        # An image with a C compiler; one that is shared has the devices that it has elsewhere.
        id="torch-2.13.0",
        versions={"c": "1.0"},
        stack="2026",
        devices=("cpu", "cuda"),
        scratch=(SCRATCH,),
    )
    compiled = f"cc -O3 -march=native -o {SCRATCH}/worker {{in}}/worker.c -lm"
    return [
        Framework(
            name="c",
            summary="Dense layers in C, without any library",
            adapter=FOLDER / "worker.c",
            files=tuple(FOLDER / name for name in ("json.h", "network.h", "task.h", "twister.h")),
            images=(image,),
            command=("sh", "-c", f"{compiled} && exec {SCRATCH}/worker {{in}} {{out}} {{data}}"),
            supports=Supports(
                layers=("dense", "activation"),
                optimizers=("sgd",),
                axes=(Axis(name="precision", values=("float32",), summary="number format"),),
                refusals=(
                    Refusal(reason="this worker computes on the CPU", devices=("cuda",)),
                    Refusal(
                        reason="this worker knows no other activation than ReLU",
                        layers=("activation",),
                        parameters={"function": ("tanh", "sigmoid", "hard_sigmoid")},
                    ),
                ),
            ),
        )
    ]
