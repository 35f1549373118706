"""A dataset whose original files come as pictures: made again, and checked by their own hashes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from tiny_dataset import site

from dlbench.array_cache import obtain
from dlbench.declaration import Declaration
from dlbench.errors import DataError

#: Five images of 2 x 2 pixels in three colours, and their labels.
IMAGES = np.random.RandomState(1).randint(0, 256, (5, 2, 2, 3)).astype(np.uint8)
LABELS = np.array([3, 0, 9, 9, 1], np.uint8)


def records(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return original files byte by byte: the label, then red, green and blue."""
    return b"".join(
        bytes([label]) + b"".join(image[:, :, plane].tobytes() for plane in range(3))
        for label, image in zip(labels, images, strict=True)
    )


ORIGINALS = {
    "one.bin": records(IMAGES[:2], LABELS[:2]),
    "two.bin": records(IMAGES[2:4], LABELS[2:4]),
    "test.bin": records(IMAGES[4:], LABELS[4:]),
}
PICTURES = {"one.png": IMAGES[:2], "two.png": IMAGES[2:4], "test.png": IMAGES[4:]}


def write_edition(folder: Path) -> Path:
    folder.mkdir()
    for name, images in PICTURES.items():
        Image.fromarray(images.reshape(len(images), 4, 3)).save(folder / name)
    (folder / "labels.json").write_text(json.dumps(LABELS[:4].tolist()))
    (folder / "test_labels.json").write_text(json.dumps(LABELS[4:].tolist()))
    return folder


def write_originals(folder: Path) -> Path:
    folder.mkdir()
    for name, content in ORIGINALS.items():
        (folder / name).write_bytes(content)
    return folder


def facts(content: bytes) -> dict[str, object]:
    return {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }


def declare(folder: Path) -> Declaration:
    """Return the declaration of these images, of which ``folder`` has the edition."""
    train, test = ["one.bin", "two.bin"], ["test.bin"]
    image, label = {"dtype": "uint8", "part": "image"}, {"dtype": "int32", "part": "label"}
    entry = {
        "name": "pictures",
        "summary": "five images",
        "licence": "none",
        "form": "planes",
        "classes": 10,
        "files": {name: facts(content) for name, content in ORIGINALS.items()},
        "arrays": {
            "train_images": {"files": train, "shape": [4, 2, 2, 3], **image},
            "train_labels": {"files": train, "shape": [4], **label},
            "test_images": {"files": test, "shape": [1, 2, 2, 3], **image},
            "test_labels": {"files": test, "shape": [1], **label},
        },
        "splits": {"train": {"inputs": {"image": "train_images"}, "target": "train_labels"}},
        "sources": [site((folder / "nothing").as_uri())],
        "editions": [
            {
                "files": {path.name: facts(path.read_bytes()) for path in sorted(folder.iterdir())},
                "remakes": {
                    "one.bin": {"images": "one.png", "labels": "labels.json"},
                    "two.bin": {"images": "two.png", "labels": "labels.json", "first": 2},
                    "test.bin": {"images": "test.png", "labels": "test_labels.json"},
                },
            }
        ],
    }
    return msgspec.convert(entry, Declaration)


@pytest.mark.parametrize("write", [write_edition, write_originals])
def test_both_editions_give_the_same_arrays(tmp_path: Path, write: object) -> None:
    declared = declare(write_edition(tmp_path / "edition"))
    assert callable(write)
    files = write(tmp_path / "files")
    dataset = obtain(declared, cache=tmp_path, files=[files])
    arrays = {path.stem: np.load(path) for path in dataset.folder.glob("*.npy")}
    assert (arrays["train_images"] == IMAGES[:4]).all()
    assert (arrays["test_images"] == IMAGES[4:]).all()
    assert arrays["train_labels"].tolist() == LABELS[:4].tolist()
    assert arrays["test_labels"].tolist() == LABELS[4:].tolist()
    assert arrays["train_labels"].dtype == np.int32


def test_what_is_made_again_has_to_have_the_originals_hash(tmp_path: Path) -> None:
    edition = write_edition(tmp_path / "edition")
    declared = declare(edition)
    swapped = declared.editions[0].remakes | {
        "two.bin": msgspec.structs.replace(declared.editions[0].remakes["two.bin"], first=0)
    }
    wrong = msgspec.structs.replace(declared.editions[0], remakes=swapped)
    with pytest.raises(DataError, match=r"two\.bin, as made of two\.png, has another hash"):
        obtain(
            msgspec.structs.replace(declared, editions=(wrong,)), cache=tmp_path, files=[edition]
        )
    assert not list((tmp_path / "data").glob("pictures-*"))


def test_what_is_missing_is_told_of_the_edition_that_comes_nearest(tmp_path: Path) -> None:
    edition, originals = write_edition(tmp_path / "edition"), write_originals(tmp_path / "files")
    declared = declare(edition)
    (edition / "two.png").unlink()
    with pytest.raises(DataError, match=r"dataset pictures: two\.png is missing") as caught:
        obtain(declared, cache=tmp_path, files=[edition])
    assert "one.bin" not in caught.value.message
    (originals / "two.bin").write_bytes(b"cut")
    with pytest.raises(DataError, match=r"dataset pictures: two\.bin has sha256") as caught:
        obtain(declared, cache=tmp_path, files=[originals])
    assert ".png" not in caught.value.message
