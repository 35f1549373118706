from __future__ import annotations

import pytest

from dlbench.axes import FrameworkChoice, parse_axes, parse_framework
from dlbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("torch", FrameworkChoice(name="torch")),
        ("tensorflow==1.0.0", FrameworkChoice(name="tensorflow", version="1.0.0")),
        (
            "tensorflow==1.0.0:xla=on,layout=NCHW",
            FrameworkChoice(
                name="tensorflow",
                version="1.0.0",
                axes={"xla": ("on",), "layout": ("NCHW",)},
            ),
        ),
        (
            "keras:xla,layout=NCHW,NHWC",
            FrameworkChoice(name="keras", axes={"xla": ("on",), "layout": ("NCHW", "NHWC")}),
        ),
        (
            "keras==keras-2.0.5-theano-1.0.5",
            FrameworkChoice(name="keras", version="keras-2.0.5-theano-1.0.5"),
        ),
    ],
)
def test_framework_as_it_is_typed(text: str, choice: FrameworkChoice) -> None:
    assert parse_framework(text) == choice


@pytest.mark.parametrize("text", ["", "=1.0", "torch=1.0", "torch==", "torch:", "torch:=on", "a b"])
def test_framework_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        parse_framework(text)


@pytest.mark.parametrize(
    ("texts", "axes"),
    [
        (["depth=1,2,3"], {"depth": ("1", "2", "3")}),
        (["depth=1", "depth=2", "depth=1"], {"depth": ("1", "2")}),
        (["xla"], {"xla": ("on",)}),
        (["batch-size=16"], {"batch_size": ("16",)}),
        (["a=1,b=2"], {"a": ("1",), "b": ("2",)}),
        ([], {}),
    ],
)
def test_axes_as_they_are_typed(texts: list[str], axes: dict[str, tuple[str, ...]]) -> None:
    assert parse_axes(texts) == axes


@pytest.mark.parametrize("text", ["=3", "depth=", "depth=1,,2", ""])
def test_axes_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        parse_axes([text])
