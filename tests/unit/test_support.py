from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from samples import make_framework
from scenario_files import CIFAR10_CNN, MLP, MNIST_HRNN, write_scenario

from dlbench import framework as api
from dlbench import vocabulary
from dlbench.errors import UnknownNameError
from dlbench.framework import Image, Refusal, Supports
from dlbench.scenario import load
from dlbench.support import matching_images, newest_first, refusal, version_key

LAYERS = ("convolution", "max_pool", "dense", "activation", "dropout", "flatten")


def reason(folder: Path, text: str = MLP, device: str = "cpu", **supports: Any) -> str:
    facts: dict[str, Any] = {"layers": LAYERS, "optimizers": ("sgd", "rmsprop")}
    framework = make_framework(supports=Supports(**(facts | supports)))
    scenario = load(write_scenario(folder, text))
    variant = {"xla": "on", "layout": "NCHW"}
    return refusal(framework, framework.images[0], device, variant, scenario)


def test_plugins_of_this_version_can_name_every_kind_at_once() -> None:
    # A kind that comes with a later version belongs to that version's constants alone.
    assert api.API_VERSION == 1
    assert tuple(vocabulary.LAYERS) == api.LAYERS
    assert tuple(vocabulary.OPTIMIZERS) == api.OPTIMIZERS


def test_versions_sort_by_their_numbers() -> None:
    versions = ["0.4", "1.10.0", "0.4-rc3.10", "1.9.1+intel", "1.9.1", "0.4-rc3.8", "1.9.1.post2"]
    versions += ["1.9.1b1", "1.9.2"]
    assert sorted(versions, key=version_key) == [
        "0.4-rc3.8",
        "0.4-rc3.10",
        "0.4",
        "1.9.1b1",
        "1.9.1",
        "1.9.1+intel",
        "1.9.1.post2",
        "1.9.2",
        "1.10.0",
    ]


def test_newest_stack_goes_before_newest_version() -> None:
    images = tuple(
        Image(id=name, versions={"toy": version}, stack=stack)
        for name, version, stack in [
            ("a", "1.9", "2017"),
            ("b", "1.2", "2026"),
            ("c", "1.10", "2017"),
        ]
    )
    assert [image.id for image in newest_first(images)] == ["b", "c", "a"]


def test_version_or_image_id_may_be_asked_for() -> None:
    framework = make_framework()
    assert matching_images(framework, "1.0") == framework.images
    assert matching_images(framework, "toy-1.0") == framework.images
    with pytest.raises(UnknownNameError, match=r"toy has no version '1\.00'") as caught:
        matching_images(framework, "1.00")
    assert caught.value.hint == "did you mean '1.0'?"


def test_what_can_run_is_not_refused(tmp_path: Path) -> None:
    assert reason(tmp_path) == ""


def test_words_that_the_framework_lacks(tmp_path: Path) -> None:
    assert reason(tmp_path, MNIST_HRNN) == "toy has no layer 'time_distributed' (rows)"
    assert (
        reason(tmp_path, MNIST_HRNN, layers=(*LAYERS, "time_distributed"))
        == "toy has no layer 'lstm' (row)"
    )
    assert reason(tmp_path, optimizers=("adam",)) == "toy has no optimizer 'sgd'"
    assert reason(tmp_path, losses=()) == "toy has no loss 'cross_entropy'"


def test_device_that_the_image_lacks(tmp_path: Path) -> None:
    assert reason(tmp_path, device="cuda") == (
        "image toy-1.0 does not exist for cuda (it does for cpu)"
    )


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"images": ("toy-1.0",)}, True),
        ({"images": ("toy-2.0",)}, False),
        ({"devices": ("cpu",)}, True),
        ({"devices": ("cuda",)}, False),
        ({"axes": {"layout": ("NCHW",), "xla": ("on", "off")}}, True),
        ({"axes": {"layout": ("NCHW",), "xla": ("off",)}}, False),
        ({"axes": {"unheard_of": ("on",)}}, False),
        ({"layers": ("lstm", "convolution")}, True),
        ({"layers": ("lstm",)}, False),
        ({"layers": ("convolution",), "parameters": {"padding": ("valid",)}}, True),
        ({"layers": ("convolution",), "parameters": {"kernel": ((3, 3),)}}, True),
        ({"layers": ("convolution",), "parameters": {"kernel": ((5, 5),)}}, False),
        ({"layers": ("dense",), "parameters": {"padding": ("valid",)}}, False),
        ({"layers": ("convolution",), "axes": {"layout": ("NHWC",)}}, False),
    ],
)
def test_every_condition_of_a_refusal_must_hold(
    tmp_path: Path, conditions: dict[str, Any], holds: bool
) -> None:
    rule = Refusal(reason="it breaks", **conditions)
    assert reason(tmp_path, CIFAR10_CNN, refusals=(rule,)) == ("it breaks" if holds else "")


def test_refusal_reaches_layers_inside_others(tmp_path: Path) -> None:
    rule = Refusal(reason="no", layers=("lstm",), parameters={"gate_activation": ("sigmoid",)})
    layers = (*LAYERS, "time_distributed", "lstm")
    assert reason(tmp_path, MNIST_HRNN, layers=layers, refusals=(rule,)) == "no"
