"""What the doctor finds on a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.cli import doctor
from dlbench.cli.doctor import check_quiet, watch_foreign_load
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
