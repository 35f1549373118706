"""Keras for dlbench: versions 1.2.2 and 2.0.5, an image for each backend that they run on."""

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

#: Theano loads the libraries that it has just made from here.
_COMPILE_FOLDER = "/tmp/theano"

_THEANO_FLAGS = ("device=cpu", "floatX=float32", "openmp=False", "blas.ldflags=-lopenblas")

_FILES = ("network", "training", "dialect1", "dialect2", "tensorflow", "theano", "cntk", "mxnet")


def _on_tensorflow(image_id: str, keras: str, tensorflow: str, stack: str) -> Image:
    return Image(
        id=image_id,
        versions={"keras": keras, "tensorflow": tensorflow},
        stack=stack,
        axes={"backend": "tensorflow"},
        python="python2.7",
        python_version="2.7",
        environment={"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"},
    )


def _on_theano(keras: str, theano: str) -> Image:
    return Image(
        id=f"theano-{theano}",
        versions={"keras": keras, "theano": theano},
        stack="2017",
        axes={"backend": "theano", "layout": "NCHW"},
        python="python2.7",
        python_version="2.7",
        scratch=(_COMPILE_FOLDER,),
        environment={
            "KERAS_BACKEND": "theano",
            "THEANO_FLAGS": ",".join((*_THEANO_FLAGS, f"base_compiledir={_COMPILE_FOLDER}")),
        },
        # It needs g++, Python's headers and OpenBLAS.
        venv=False,
    )


_ON_CNTK = Image(
    id="cntk-2.7",
    versions={"keras": "2.0.5", "cntk": "2.7"},
    stack="2017",
    axes={"backend": "cntk", "layout": "NCHW"},
    python="python2.7",
    python_version="2.7",
    environment={"KERAS_BACKEND": "cntk"},
    # Open MPI is a package of the system.
    venv=False,
)


def _on_mxnet(keras: str, mxnet: str) -> Image:
    return Image(
        id=f"mxnet-{mxnet}",
        versions={"keras": keras, "mxnet": mxnet},
        stack="2017",
        axes={"backend": "mxnet", "layout": "NCHW"},
        python="python2.7",
        python_version="2.7",
        # Passive, as for MXNet alone: else threads that wait take the time of those that work.
        environment={"KERAS_BACKEND": "mxnet", "OMP_WAIT_POLICY": "PASSIVE"},
    )


_IMAGES = (
    _on_tensorflow("tensorflow-1.15.0", "2.0.5", "1.15.0", "2019"),
    _on_tensorflow("keras-2.0.5-tensorflow-1.0.0", "2.0.5", "1.0.0", "2017"),
    _on_tensorflow("tensorflow-1.0.0", "1.2.2", "1.0.0", "2017"),
    _on_theano("2.0.5", "1.0.5"),
    _on_theano("1.2.2", "0.9.0"),
    _ON_CNTK,
    _on_mxnet("1.2.2.1", "0.11.0"),
    _on_mxnet("2.2.4.2", "1.5.1"),
)

_REFUSALS = (
    Refusal(
        reason="Keras on TensorFlow turns NCHW images into NHWC for every operation, and back",
        images=("tensorflow-1.15.0", "keras-2.0.5-tensorflow-1.0.0", "tensorflow-1.0.0"),
        axes={"layout": ("NCHW",)},
    ),
    Refusal(
        reason="Keras on Theano turns NHWC images into NCHW for every operation, and back",
        images=("theano-1.0.5", "theano-0.9.0"),
        axes={"layout": ("NHWC",)},
    ),
    Refusal(
        reason="Keras on CNTK turns NHWC images into NCHW for every operation, and back",
        images=("cntk-2.7",),
        axes={"layout": ("NHWC",)},
    ),
    Refusal(
        reason="Keras on MXNet turns NHWC images into NCHW for every operation, and back",
        images=("mxnet-0.11.0", "mxnet-1.5.1"),
        axes={"layout": ("NHWC",)},
    ),
    Refusal(
        reason="Keras on MXNet has no 'same' pooling of images",
        images=("mxnet-0.11.0", "mxnet-1.5.1"),
        layers=("max_pool", "average_pool"),
        parameters={"padding": ("same",)},
    ),
    Refusal(
        reason="LSTMs of keras-mxnet 2.2.4.2 give zeros, whatever they read; unrolled, it crashes",
        images=("mxnet-1.5.1",),
        layers=("lstm",),
    ),
    Refusal(
        reason="Keras on Theano pads 'same' pooling before the image too, which moves its windows",
        images=("theano-1.0.5", "theano-0.9.0"),
        layers=("max_pool", "average_pool"),
        parameters={"padding": ("same",)},
    ),
)

_DIFFERENCES = (
    Difference(
        optimizer="adam",
        reason="Keras adds epsilon to the root before its correction",
    ),
    *(
        Difference(
            optimizer=optimizer,
            reason=f"Keras on MXNet has MXNet's {name}, which adds epsilon inside the root",
            images=("mxnet-0.11.0", "mxnet-1.5.1"),
        )
        for optimizer, name in (("rmsprop", "RMSProp"), ("adagrad", "AdaGrad"))
    ),
)


@hookimpl
def dlbench_frameworks() -> list[Framework]:
    """Return Keras as of 2017, on what it ran on then."""
    return [
        Framework(
            name="keras",
            summary="Keras models, compiled, and trained with train_on_batch",
            adapter=_HERE / "adapter.py",
            files=tuple(_HERE / f"adapter_{name}.py" for name in _FILES),
            images=_IMAGES,
            supports=Supports(
                layers=LAYERS,
                optimizers=OPTIMIZERS,
                axes=(
                    Axis(
                        name="backend",
                        values=("tensorflow", "theano", "cntk", "mxnet"),
                        summary="what Keras runs on",
                    ),
                    Axis(name="layout", values=("NHWC", "NCHW"), summary="image layout"),
                    Axis(
                        name="updates",
                        values=("gated", "stock"),
                        summary="weights change after all gradients are there, or as Keras has it: "
                        "on TensorFlow a weight may change before a gradient has read it",
                    ),
                    Axis(name="precision", values=("float32",), summary="number format"),
                ),
                refusals=_REFUSALS,
                differences=_DIFFERENCES,
            ),
        )
    ]
