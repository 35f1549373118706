"""Finding interpreters and asking them what they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dlbench import interpreter
from dlbench.interpreter import find_interpreters, read_interpreter

HERE = "{}.{}".format(*sys.version_info[:2])


def fake(folder: Path, name: str, version: str, implementation: str = "CPython") -> str:
    """Write a program that answers as an interpreter of ``version`` would."""
    answer = {"version": version, "implementation": implementation, "packages": {}}
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    path.chmod(0o755)
    return str(path)


def test_this_interpreter() -> None:
    found = read_interpreter(sys.executable)
    assert found.series == sys.version_info[:2]
    assert found.series_text == HERE
    assert "pytest" in found.packages


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose interpreters are all in one folder."""
    monkeypatch.setattr(interpreter, "_candidates", lambda _: sorted(map(str, tmp_path.iterdir())))
    return tmp_path


def test_the_right_version_comes_alone(places: Path) -> None:
    for version in ("3.9", "3.11", "3.12"):
        fake(places, f"python{version}", f"{version}.1")
    assert [found.version for found in find_interpreters("3.11")] == ["3.11.1"]


def test_without_it_the_nearest_of_the_same_major_come_first(places: Path) -> None:
    for version in ("2.7", "3.9", "3.12", "3.14"):
        fake(places, f"python{version}", f"{version}.1")
    assert [found.version for found in find_interpreters("3.13")] == ["3.12.1", "3.14.1", "3.9.1"]
    assert [found.version for found in find_interpreters("2.7")] == ["2.7.1"]


def test_what_is_no_cpython_or_does_not_work_is_passed_over(places: Path) -> None:
    fake(places, "pypy3", "3.11.1", "PyPy")
    fake(places, "python3.11-config", "3.11.1")
    (places / "python3.11").write_text("#!/bin/sh\nexit 1\n")
    (places / "python3.11").chmod(0o755)
    assert find_interpreters("3.11") == []


def test_this_machine_has_this_version() -> None:
    assert find_interpreters(HERE)[0].series_text == HERE
