"""What ``datasets.yaml``, beside this module, says of each dataset."""

from __future__ import annotations

import functools
import hashlib
import math
from importlib import resources

import msgspec

from dlbench.editions import Edition
from dlbench.errors import UnknownNameError, nearest
from dlbench.forms import ArraySpec
from dlbench.originals import OriginalFile
from dlbench.sources import Source

#: Version of the arrays that are made, part of every digest.  1: first.
FORMAT = 1

ITEM_BYTES = {"uint8": 1, "int32": 4, "float32": 4}


class SplitSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which arrays are the inputs of a split, by name, and which is its target."""

    inputs: dict[str, str]
    target: str


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``datasets.yaml`` says of a dataset."""

    name: str
    summary: str
    licence: str
    form: str
    classes: int
    files: dict[str, OriginalFile]
    arrays: dict[str, ArraySpec]
    splits: dict[str, SplitSpec]
    sources: tuple[Source, ...]
    #: Other files that the original ones can be made of again.
    editions: tuple[Edition, ...] = ()

    @property
    def digest(self) -> str:
        """Identify the arrays: what they are made of, and how."""
        meaning = [FORMAT, self.form, self.files, self.arrays]
        return hashlib.sha256(msgspec.json.encode(meaning, order="sorted")).hexdigest()[:16]

    @property
    def array_bytes(self) -> int:
        """Size of all arrays together."""
        return sum(math.prod(spec.shape) * ITEM_BYTES[spec.dtype] for spec in self.arrays.values())


@functools.cache
def declarations() -> dict[str, Declaration]:
    """Read ``datasets.yaml``."""
    import yaml

    text = resources.files("dlbench").joinpath("datasets.yaml").read_text(encoding="utf-8")
    # Where PyYAML was built with it, libyaml reads the file eight times as fast.
    stated = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {
        name: msgspec.convert({"name": name, **entry}, Declaration)
        for name, entry in stated.items()
    }


def find_declaration(name: str) -> Declaration:
    """Return the declaration of dataset ``name``, or raise UnknownNameError."""
    known = declarations()
    if name not in known:
        raise UnknownNameError(f"unknown dataset {name!r}", nearest(name, known))
    return known[name]
