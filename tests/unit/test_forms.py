from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_dataset import idx

from dlbench.errors import DataError
from dlbench.forms import ArraySpec, read_array, read_idx_file

#: Two records of a label and an image of 2 x 2 pixels in three planes.
RECORDS = bytes([7, *range(12), 1, *range(100, 112)])


def spec(*shape: int, part: str = "", vocabulary: int = 0) -> ArraySpec:
    return ArraySpec(
        files=("one", "other"), shape=shape, dtype="int32", part=part, vocabulary=vocabulary
    )


def test_idx_states_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(idx(bytes(range(6)), 3, 2))
    assert read_idx_file(path).tolist() == [[0, 1], [2, 3], [4, 5]]
    path.write_bytes(idx(bytes(range(5)), 3, 2))
    with pytest.raises(DataError, match=r"values holds 5 values, its header says \(3, 2\)"):
        read_idx_file(path)
    path.write_bytes(b"PNG!" + bytes(8))
    with pytest.raises(DataError, match="values is not an IDX file"):
        read_idx_file(path)


def test_files_are_joined_and_checked_against_the_shape(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(idx(bytes([1, 2, 3, 4]), 2, 2))
    (tmp_path / "other").write_bytes(idx(bytes([5, 6]), 1, 2))
    found = read_array("idx", tmp_path, spec(3, 2, 1), ())
    assert (found.shape, found.dtype) == ((3, 2, 1), np.int32)
    assert found.ravel().tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(DataError, match=r"one, other: values of shape \[3, 2\], not \[4, 2\]"):
        read_array("idx", tmp_path, spec(4, 2), ())


def test_planes_become_the_last_axis(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(RECORDS)
    assert read_array("planes", tmp_path, spec(4, part="label"), ()).tolist() == [7, 1, 7, 1]
    images = read_array("planes", tmp_path, spec(4, 2, 2, 3, part="image"), ())
    assert images[0].tolist() == [[[0, 4, 8], [1, 5, 9]], [[2, 6, 10], [3, 7, 11]]]
    assert (images[1] == images[0] + 100).all()
    with pytest.raises(DataError, match="52 bytes are no 3 records"):
        read_array("planes", tmp_path, spec(3, part="label"), ())


def test_words_of_all_files_are_numbered_together(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1 Ann left.\n2 Who left?\tAnn\t1\n")
    (tmp_path / "other").write_text("1 Bob is in.\n2 Ann left.\n3 Who is in?\tBob\t1\n")
    # . ? Ann Bob Who in is left
    names = ("one", "other")
    stories = read_array("stories", tmp_path, spec(2, 7, part="story", vocabulary=9), names)
    assert stories.tolist() == [[0, 0, 0, 0, 3, 8, 1], [4, 7, 6, 1, 3, 8, 1]]
    questions = read_array("stories", tmp_path, spec(2, 4, part="question", vocabulary=9), names)
    assert questions.tolist() == [[0, 5, 8, 2], [5, 7, 6, 2]]
    answers = read_array("stories", tmp_path, spec(2, part="answer", vocabulary=9), names)
    assert answers.tolist() == [3, 4]
    with pytest.raises(DataError, match="one, other: 9 words with the padding, not 10"):
        read_array("stories", tmp_path, spec(2, part="answer", vocabulary=10), names)
    with pytest.raises(DataError, match=r"one, other: story of shape \[2, 7\], not \[2, 6\]"):
        read_array("stories", tmp_path, spec(2, 6, part="story", vocabulary=9), names)
