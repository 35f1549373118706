"""Theano for dlbench: which images there are, and what each can do."""

from __future__ import annotations

from pathlib import Path

from dlbench.framework import LAYERS, OPTIMIZERS, Axis, Framework, Image, Supports, hookimpl

_HERE = Path(__file__).parent

#: Theano loads the libraries that it has just made from here; empty at the start of every run.
_COMPILE_FOLDER = "/tmp/theano"

_FLAGS = ("device=cpu", "floatX=float32", "openmp=False", "blas.ldflags=-lopenblas")


def _make_image(version: str, keras: str) -> Image:
    return Image(
        id=f"theano-{version}",
        versions={"theano": version, "keras": keras},
        stack="2017",
        python="python2.7",
        python_version="2.7",
        scratch=(_COMPILE_FOLDER,),
        environment={"THEANO_FLAGS": ",".join((*_FLAGS, f"base_compiledir={_COMPILE_FOLDER}"))},
        # It needs g++, Python's headers and OpenBLAS.
        venv=False,
    )


#: Those that Keras on Theano lives in, too.
IMAGES = (_make_image("0.9.0", "1.2.2"), _make_image("1.0.5", "2.0.5"))


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Theano as of 2017: 0.9.0, and 1.0.5, its last."""
    return [
        Framework(
            name="theano",
            summary="Theano's expressions, compiled to one function a step",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in ("layers", "program")),
            images=IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(name="layout", values=("NCHW",), summary="image layout"),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
            ),
        )
    ]
