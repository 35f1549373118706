"""What the doctor finds on a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dlbench.cli import doctor
from dlbench.cli.doctor import (
    Finding,
    check_leftovers,
    check_quiet,
    check_space,
    watch_foreign_load,
)
from dlbench.cli.workspace import Workspace
from dlbench.engine import Leftover
from dlbench.errors import EngineError
from dlbench.kernel import Kernel


def test_other_programs_are_noticed() -> None:
    command = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(command) as loop:
        found = watch_foreign_load(Kernel(), 1.0)
        loop.kill()
    assert found is not None
    assert 0.3 < found <= 1.1 * (os.cpu_count() or 1)


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert watch_foreign_load(Kernel(proc=tmp_path), 0.0) is None


@pytest.mark.parametrize(("foreign", "state"), [(0.01, "ok"), (1.5, "note"), (None, None)])
def test_quiet_is_what_runs_are_held_to(
    monkeypatch: pytest.MonkeyPatch, foreign: float | None, state: str | None
) -> None:
    monkeypatch.setattr(doctor, "watch_foreign_load", lambda *_: foreign)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    findings = {found.what: found.state for found in check_quiet()}
    text = f"other programs use {foreign:.2g} of 2 CPUs" if foreign is not None else ""
    assert findings.get(text) == state
    assert any(what.startswith("energy of the processors: ") for what in findings)


class Keeper:
    """Has containers in every state."""

    name = "docker"

    def __init__(self) -> None:
        states: tuple[Any, ...] = ("left", "in use", "kept", "unknown", "left")
        self.there = [
            Leftover(name=f"dlbench-{number}", run_id=str(number), state=state)
            for number, state in enumerate(states)
        ]

    def leftovers(self) -> list[Leftover]:
        return list(self.there)

    def remove_leftover(self, leftover: Leftover) -> None:
        self.there.remove(leftover)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace in which every run has left its folder."""
    workspace = Workspace(
        images=tmp_path, scenarios=(), studies=(), cache=tmp_path, results=tmp_path
    )
    for number in range(5):
        (workspace.runs / f"run-{number}-x" / "out").mkdir(parents=True)
    return workspace


def test_leftovers_are_named_with_what_removes_them(workspace: Workspace) -> None:
    keeper = Keeper()
    found = list(check_leftovers(keeper, workspace, remove=False))
    assert [finding.what for finding in found] == [
        "2 containers with docker are left of a dlbench that was killed",
        "1 containers with docker were kept (--keep)",
        "1 containers with docker are of a dlbench that cannot be seen from here",
    ]
    assert found[0].hint.endswith(
        "dlbench doctor --remove-leftovers, or docker rm -f dlbench-0 dlbench-4"
    )
    assert len(keeper.there) == 5


def test_only_what_a_dead_dlbench_has_left_is_removed(workspace: Workspace) -> None:
    keeper = Keeper()
    found = list(check_leftovers(keeper, workspace, remove=True))
    assert [finding.what for finding in found[:2]] == [
        "removed container dlbench-0 and its folder",
        "removed container dlbench-4 and its folder",
    ]
    assert [one.state for one in keeper.there] == ["in use", "kept", "unknown"]
    folders = sorted(folder.name for folder in workspace.runs.iterdir())
    assert folders == ["run-1-x", "run-2-x", "run-3-x"]


def test_an_engine_that_fails_to_list_is_a_note(workspace: Workspace) -> None:
    class Failing(Keeper):
        def leftovers(self) -> list[Leftover]:
            raise EngineError("it went away", "start it")

    assert list(check_leftovers(Failing(), workspace, remove=True)) == [
        Finding("note", "containers with docker: it went away", "start it")
    ]


def test_the_oracles_arrays_are_counted(workspace: Workspace) -> None:
    arrays = workspace.cache / "parity" / ("0" * 24) / "network"
    arrays.mkdir(parents=True)
    with (arrays / "losses.npy").open("wb") as file:
        file.truncate(1_200_000_000)
    (found,) = (one for one in check_space(workspace) if "the oracle's arrays" in one.what)
    assert found.what.startswith("1.2 GB of the oracle's arrays in ")
    assert found.what.endswith("parity, of at most 8 GB")
