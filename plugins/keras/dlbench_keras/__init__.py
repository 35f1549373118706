"""Keras for dlbench: versions 1.2.2 and 2.0.5, an image for each backend that they run on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dlbench_mxnet
import dlbench_theano

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


def _within(image: Image) -> Image:
    """Return a backend's image as Keras uses it: with its own facts, and Keras' beside them."""
    backend, version = next(iter(image.versions.items()))
    return replace(
        image,
        versions={"keras": image.versions["keras"], backend: version},
        axes={"backend": backend, "layout": "NCHW"},
        environment={**image.environment, "KERAS_BACKEND": backend},
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


_IMAGES = (
    _on_tensorflow("tensorflow-1.15.0", "2.0.5", "1.15.0", "2019"),
    _on_tensorflow("keras-2.0.5-tensorflow-1.0.0", "2.0.5", "1.0.0", "2017"),
    _on_tensorflow("tensorflow-1.0.0", "1.2.2", "1.0.0", "2017"),
    *(_within(image) for image in reversed(dlbench_theano.IMAGES)),
    _ON_CNTK,
    *(_within(image) for image in dlbench_mxnet.IMAGES),
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
