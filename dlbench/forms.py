"""How the original files of a dataset become arrays, by the form that they are in."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from dlbench import stories
from dlbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class ArraySpec(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An array made of original files, joined along the first axis; ``shape`` is of the whole."""

    files: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    #: What of a file is taken, where it holds several things.
    part: str = ""
    #: Of whole numbers that stand for words: how many different ones there may be.
    vocabulary: int = 0


def read_array(form: str, folder: Path, spec: ArraySpec, names: Sequence[str]) -> Any:
    """Read the array that ``spec`` describes from the original files in ``folder``.

    ``names`` are all files of the dataset.  Raises DataError where they hold something else.
    """
    found = FORMS[form](folder, spec, names)
    if found.size != math.prod(spec.shape):
        raise DataError(
            f"{', '.join(spec.files)}: {spec.part or 'values'} of shape {list(found.shape)}, "
            f"not {list(spec.shape)}"
        )
    return found.reshape(spec.shape).astype(spec.dtype, copy=False)


def read_idx(folder: Path, spec: ArraySpec, _names: Sequence[str]) -> Any:
    """Read IDX files of unsigned bytes."""
    import numpy as np

    return np.concatenate([read_idx_file(folder / name) for name in spec.files])


def read_idx_file(path: Path) -> Any:
    """Read an IDX file of unsigned bytes as an array of the shape that its header states."""
    import numpy as np

    with path.open("rb") as stream:
        zeros, kind, rank = struct.unpack(">HBB", stream.read(4))
        if zeros != 0 or kind != 8:
            raise DataError(f"{path.name} is not an IDX file of unsigned bytes")
        shape = struct.unpack(f">{rank}I", stream.read(4 * rank))
    values = np.fromfile(path, dtype=np.uint8, offset=4 + 4 * rank)
    if values.size != math.prod(shape):
        raise DataError(f"{path.name} holds {values.size} values, its header says {shape}")
    return values.reshape(shape)


def read_planes(folder: Path, spec: ArraySpec, _names: Sequence[str]) -> Any:
    """Read records of a byte, the label, and an image plane by plane: ``label`` or ``image``.

    Images become height x width x planes.
    """
    import numpy as np

    values = np.concatenate([np.fromfile(folder / name, dtype=np.uint8) for name in spec.files])
    if values.size % spec.shape[0]:
        raise DataError(
            f"{', '.join(spec.files)}: {values.size} bytes are no {spec.shape[0]} records"
        )
    records = values.reshape(spec.shape[0], -1)
    if spec.part == "label":
        return records[:, 0]
    height, width, planes = spec.shape[1:]
    return records[:, 1:].reshape(-1, planes, height, width).transpose(0, 2, 3, 1)


def read_stories(folder: Path, spec: ArraySpec, names: Sequence[str]) -> Any:
    """Read the ``story``, ``question`` or ``answer`` of every question, words as numbers.

    The words of all files of the dataset are numbered together; stories and questions are filled
    up at their start to the longest in all files.
    """
    import numpy as np

    questions = {name: stories.read_questions(folder / name) for name in names}
    every = [one for name in names for one in questions[name]]
    number_of = stories.number_words(every)
    if len(number_of) + 1 != spec.vocabulary:
        raise DataError(
            f"{', '.join(names)}: {len(number_of) + 1} words with the padding, "
            f"not {spec.vocabulary}"
        )
    asked = [one for name in spec.files for one in questions[name]]
    if spec.part == "answer":
        return np.array([number_of[one.answer] for one in asked], np.int32)
    length = max(len(getattr(one, spec.part)) for one in every)
    rows = [[number_of[word] for word in getattr(one, spec.part)] for one in asked]
    return stories.pad_left(rows, length)


#: How files of a form are read into one array.
FORMS: dict[str, Callable[[Path, ArraySpec, Sequence[str]], Any]] = {
    "idx": read_idx,
    "planes": read_planes,
    "stories": read_stories,
}
