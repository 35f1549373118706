"""The MKL under a framework: what it says of itself, and nothing where there is none."""

from __future__ import annotations

import ctypes
import io
from types import SimpleNamespace
from typing import Any

import pytest

from dlbench.worker import mkl

MAPS = "7f00-7f01 r-xp 0 00:00 1 /lib/libc.so.6\n7f02-7f03 r-xp 0 00:00 2 {}\n"


def load(monkeypatch: pytest.MonkeyPatch, path: str) -> list[str]:
    """Pretend that the process has loaded ``path``; return what is opened of it."""
    opened: list[str] = []

    def get_version(version: Any) -> None:
        facts = version._obj
        facts.major, facts.minor, facts.update = 2018, 0, 3
        facts.processor = b"AVX2 enabled processors"

    def open_library(name: str) -> SimpleNamespace:
        opened.append(name)
        return SimpleNamespace(MKL_Get_Version=get_version, MKL_Get_Max_Threads=lambda: 3)

    pretend = lambda _: io.StringIO(MAPS.format(path))  # noqa: E731
    monkeypatch.setattr(mkl, "open", pretend, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", open_library)
    return opened


def test_nothing_is_said_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = load(monkeypatch, "/lib/libopenblas.so.0")
    assert mkl.settings() == {}
    assert opened == []


@pytest.mark.parametrize("path", ["/x/libmklml_intel.so", "/x/libmkl_rt.so.2"])
def test_what_it_says_is_passed_on(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    opened = load(monkeypatch, path)
    assert mkl.settings() == {
        "threads": 3,
        "blas": "MKL 2018.0.3",
        "blas_kernels": "AVX2 enabled processors",
    }
    assert opened == [path]
