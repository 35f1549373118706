"""A dataset of four training items and two test items, whose source is a folder of files."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import msgspec

from dlbench.declaration import Declaration

IMAGES = bytes(range(24))
LABELS = bytes([5, 0, 4, 1])


def idx(values: bytes, *shape: int) -> bytes:
    """Return an IDX file of unsigned bytes."""
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + values


FILES = {
    "train-images": idx(IMAGES, 4, 2, 3),
    "train-labels": idx(LABELS, 4),
    "test-images": idx(IMAGES[:12], 2, 2, 3),
    "test-labels": idx(LABELS[:2], 2),
}


def write_files(folder: Path, *, suffix: str = "") -> Path:
    """Write the original files into a folder, compressed where the suffix is ``.gz``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        data = gzip.compress(content) if suffix else content
        (folder / (name + suffix)).write_bytes(data)
    return folder


def site(address: str, *, suffix: str = "") -> dict[str, object]:
    """Return a site as ``datasets.yaml`` states it."""
    return {"kind": "site", "address": address, "bytes": 100, "suffix": suffix}


def declare(*sources: dict[str, object]) -> Declaration:
    """Return the declaration of the tiny dataset with these sources."""
    entry = {
        "name": "tiny",
        "summary": "six images",
        "licence": "none",
        "form": "idx",
        "classes": 10,
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in FILES.items()
        },
        "arrays": {
            "train_images": {"files": ["train-images"], "shape": [4, 2, 3, 1], "dtype": "uint8"},
            "train_labels": {"files": ["train-labels"], "shape": [4], "dtype": "int32"},
            "test_images": {"files": ["test-images"], "shape": [2, 2, 3, 1], "dtype": "uint8"},
            "test_labels": {"files": ["test-labels"], "shape": [2], "dtype": "int32"},
        },
        "splits": {
            "train": {"inputs": {"image": "train_images"}, "target": "train_labels"},
            "test": {"inputs": {"image": "test_images"}, "target": "test_labels"},
        },
        "sources": list(sources),
    }
    return msgspec.convert(entry, Declaration)
