"""C functions of libraries that this interpreter has loaded: the C library's own."""

from __future__ import annotations

import os

from dlbench.worker import libraries


def test_a_function_of_a_loaded_library_is_called() -> None:
    assert libraries.call("libc", "abs", -3) == 3
    assert libraries.call("libc", "getpid") == os.getpid()


def test_what_is_not_there_says_nothing() -> None:
    assert libraries.call("libc", "no_such_function_anywhere") is None
    assert libraries.call("libno_such_library", "abs", -3) is None


def test_a_library_is_found_by_how_its_name_begins() -> None:
    assert libraries.loaded("libc")
    assert libraries.loaded("ibc") == []
