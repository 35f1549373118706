"""Editions: the items of a dataset in other files, of which its original ones are made again.

They count for nothing themselves: what is made of them has to have the hashes of the originals.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from dlbench.errors import DataError
from dlbench.originals import OriginalFile, hash_both

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Remade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An original file of records, a byte for the label before an image plane by plane.

    ``images`` is a picture with an image in each of its rows, pixel by pixel; ``labels`` is a JSON
    list, of which those from ``first`` on belong to them.
    """

    images: str
    labels: str
    first: int = 0


class Edition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The files of an edition, and how each original file is made of them."""

    files: dict[str, OriginalFile]
    remakes: dict[str, Remade]


def remake_originals(edition: Edition, wanted: Mapping[str, OriginalFile], folder: Path) -> None:
    """Make every original file out of the edition's files in ``folder``, and put it beside them.

    Raises DataError where one comes out different from what is wanted.
    """
    for name, remade in edition.remakes.items():
        path = folder / name
        path.write_bytes(make_records(remade, folder))
        if not wanted[name].matches(*hash_both(path)):
            raise DataError(f"{name}, as made of {remade.images}, has another hash")


def make_records(remade: Remade, folder: Path) -> bytes:
    """Return the records of an original file."""
    import numpy as np
    from PIL import Image

    with Image.open(folder / remade.images) as picture:
        pixels = np.asarray(picture)
    labels = json.loads((folder / remade.labels).read_bytes())
    own = np.array(labels[remade.first : remade.first + len(pixels)], np.uint8)
    planes = pixels.transpose(0, 2, 1).reshape(len(pixels), -1)
    return np.column_stack([own, planes]).tobytes()
