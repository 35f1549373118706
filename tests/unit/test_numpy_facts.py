"""The oracle as a plugin: it supports everything that a scenario can ask for."""

from __future__ import annotations

from pathlib import Path

import dlbench_numpy
import pytest
from oracle_source import oracle_modules

from dlbench import vocabulary
from dlbench.framework import Framework


@pytest.fixture
def framework() -> Framework:
    (found,) = dlbench_numpy.dlbench_frameworks()
    return found


def test_it_supports_the_whole_vocabulary(framework: Framework) -> None:
    assert set(framework.supports.layers) == set(vocabulary.LAYERS)
    assert set(framework.supports.optimizers) == set(vocabulary.OPTIMIZERS)
    with oracle_modules() as oracle:
        assert set(oracle.network.KINDS) == set(vocabulary.LAYERS)
        assert set(oracle.layers.ACTIVATIONS) == set(vocabulary.ACTIVATIONS)


def test_all_its_files_are_there_and_none_is_forgotten(framework: Framework) -> None:
    files = {framework.adapter, *framework.files}
    assert all(file.is_file() for file in files)
    assert files == set(framework.adapter.parent.glob("adapter*.py"))


def test_its_image_is_defined(framework: Framework) -> None:
    (image,) = framework.images
    assert image.version == image.id.removeprefix("numpy-")
    root = Path(__file__).resolve().parents[2]
    requirements = root / "images" / "numpy" / image.id / "requirements.txt"
    assert f"numpy=={image.version}" in requirements.read_text()
