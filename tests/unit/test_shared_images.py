"""Frameworks that share an image state the same of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from dlbench.cli.workspace import open_workspace
from dlbench.framework import Image


def shared_images() -> Mapping[str, list[Image]]:
    """Return the images that more than one framework states, by id."""
    found = defaultdict(list)
    for entry in open_workspace().catalog().frameworks.values():
        for image in entry.framework.images:
            found[image.id].append(image)
    return {name: images for name, images in found.items() if len(images) > 1}


def test_what_an_image_needs_is_the_same_for_all() -> None:
    shared = shared_images()
    assert {"theano-0.9.0", "mxnet-1.5.1", "torch-1.0.0"} <= set(shared)
    for images in shared.values():
        needs = {
            (image.scratch, image.python, image.python_version, image.devices, image.venv)
            for image in images
        }
        assert len(needs) == 1, images


def test_no_two_of_them_set_a_variable_to_other_values() -> None:
    for images in shared_images().values():
        variables = defaultdict(set)
        for image in images:
            for name, value in image.environment.items():
                variables[name].add(value)
        assert {len(values) for values in variables.values()} <= {1}, images


def test_keras_lives_with_the_flags_of_its_backend() -> None:
    for name in ("theano-0.9.0", "theano-1.0.5", "mxnet-0.11.0", "mxnet-1.5.1"):
        plain, more = sorted(shared_images()[name], key=lambda image: len(image.environment))
        assert plain.environment
        assert dict(more.environment) == {
            **plain.environment,
            "KERAS_BACKEND": name.partition("-")[0],
        }
