"""What a batch is made of: converted and divided items, in memory as frameworks like it."""

from __future__ import annotations

import numpy as np
import pytest

from dlbench.worker import feed

PIXELS = np.arange(5 * 3 * 7, dtype=np.uint8).reshape(5, 3, 7)


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_items_begin_at_a_multiple_of_64_bytes(dtype: str, count: int) -> None:
    column = feed.Column(PIXELS, (21,), dtype)
    kept = [column.take(np.arange(count)) for _ in range(20)]
    assert {array.ctypes.data % 64 for array in kept} == {0}
    assert all(array.flags.c_contiguous and array.flags.writeable for array in kept)


def test_items_are_reshaped_converted_and_divided() -> None:
    indices = np.array([4, 0, 4])
    taken = feed.Column(PIXELS, (21,), "float32", 255.0).take(indices)
    expected = PIXELS.reshape(5, 21)[indices].astype(np.float32) / np.float32(255.0)
    assert taken.dtype == np.float32
    assert np.array_equal(taken, expected)


def test_an_array_of_the_right_dtype_is_copied() -> None:
    stored = np.ones((2, 4), np.float32)
    taken = feed.Column(stored, (4,), "float32", 2.0).take(np.arange(2))
    assert taken.tolist() == [[0.5] * 4] * 2
    assert stored.min() == 1


def test_no_items_are_no_fault() -> None:
    assert feed.aligned_empty((0, 4), np.dtype("float32")).shape == (0, 4)
