"""The BLAS that adapters ask, here the one under this interpreter's NumPy."""

from __future__ import annotations

import _ctypes
import io
import os
from pathlib import Path
from typing import Any

import numpy  # noqa: F401  # Loads the library.
import pytest

from dlbench.worker import blas


@pytest.fixture
def features(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The features of a processor that is pretended; no choice was made."""
    found: list[str] = []

    def pretend(path: str | Path, *arguments: Any) -> Any:
        if path == "/proc/cpuinfo":
            return io.StringIO(f"model name : a good one\nflags : fpu {' '.join(found)}\n")
        return open(path, *arguments)  # noqa: PTH123

    monkeypatch.setattr(blas, "open", pretend, raising=False)
    # Restored afterwards, whatever the code under test makes of it.
    monkeypatch.setenv("OPENBLAS_CORETYPE", "")
    del os.environ["OPENBLAS_CORETYPE"]
    return found


@pytest.mark.parametrize(
    ("given", "kernels"),
    [
        (["avx", "avx2", "avx512f"], "SkylakeX"),
        (["avx", "avx2"], "Haswell"),
        (["avx"], "Sandybridge"),
        (["sse2", "avx512_other"], None),
    ],
)
def test_kernels_are_those_for_the_processor(
    features: list[str], given: list[str], kernels: str | None
) -> None:
    features.extend(given)
    blas.choose_kernels()
    assert os.environ.get("OPENBLAS_CORETYPE") == kernels


def test_a_choice_that_was_made_stays(features: list[str]) -> None:
    os.environ["OPENBLAS_CORETYPE"] = "Zen"
    features.append("avx2")
    blas.choose_kernels()
    assert os.environ["OPENBLAS_CORETYPE"] == "Zen"


def test_kernels_that_the_library_does_not_have_are_not_chosen(features: list[str]) -> None:
    features.extend(["avx", "avx2", "avx512f"])
    blas.choose_kernels(blas.KERNELS[1:])
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"


@pytest.mark.parametrize("said", [b"OpenBLAS 0.3.19 Haswell", b"DYNAMIC_ARCH NO_AFFINITY Haswell "])
def test_a_library_that_does_not_say_its_name_gets_it(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(blas, "_call", lambda name, result, where: said)
    assert blas.versions()["blas"].split()[0] == "OpenBLAS"
    assert blas.versions()["blas"].endswith("Haswell")


def test_the_loaded_library_is_asked() -> None:
    found = blas.settings()
    assert found["blas"] in blas.versions()["blas"]
    assert found["blas_kernels"]
    before = int(found["threads"])
    try:
        blas.set_threads(1)
        assert blas.settings()["threads"] == 1
    finally:
        blas.set_threads(before)


def test_a_library_that_is_not_loaded_says_nothing() -> None:
    assert blas.versions("/no/such/folder/") == {}
    assert blas.settings("/no/such/folder/") == {}
    blas.set_threads(3, "/no/such/folder/")


def test_a_library_that_hides_its_blas_is_loaded_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {line.split()[-1] for line in open_maps() if "openblas" in line}
    # SciPy has one of its own, where another test has loaded it.
    (path,) = (path for path in paths if "numpy" in path)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    found = blas.inside(path)
    assert found == {"blas": "OpenBLAS", "blas_kernels": blas.settings("numpy")["blas_kernels"]}


def test_a_library_without_openblas_has_none_inside() -> None:
    assert blas.inside(_ctypes.__file__) == {}


def open_maps() -> list[str]:
    return Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
