"""The real command line, on folders that are a test's alone."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from dlbench.cli.app import execute

PLUGINS = Path(__file__).parent.parent / "plugins"
SCENARIOS = PLUGINS / "faulty" / "scenarios"

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class CommandLine:
    """``dlbench`` with results and cache below ``folder``, and these toy plugins installed."""

    folder: Path
    plugins: tuple[str, ...] = ("faulty",)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def python_path(self) -> list[str]:
        return [str(PLUGINS / name) for name in self.plugins]

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def variables(self, **changes: str | None) -> dict[str, str]:
        """Return the environment: no engine answers, unless ``changes`` says otherwise."""
        kept = {name: value for name, value in os.environ.items() if "DLBENCH" not in name}
        found: dict[str, str | None] = {
            **kept,
            "PYTHONPATH": os.pathsep.join(self.python_path),
            "DLBENCH_SCENARIOS": str(SCENARIOS),
            "DLBENCH_RESULTS": str(self.results),
            "DLBENCH_CACHE": str(self.cache),
            "DOCKER_HOST": f"unix://{self.folder}/no-engine.sock",
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def __call__(self, *arguments: str, **changes: str | None) -> Done:
        """Execute to the end in this process, which is the quickest."""
        printed, said = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.variables(**changes), clear=True),
            mock.patch.object(sys, "argv", ["dlbench", *arguments]),
            mock.patch.object(sys, "path", [*self.python_path, *sys.path]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(said),
        ):
            code = execute()
        return Done(arguments, code, printed.getvalue(), said.getvalue())

    def spawn(self, *arguments: str, **changes: str | None) -> Done:
        """Execute to the end in a process of its own, as a user does."""
        return subprocess.run(
            command(*arguments),
            env=self.variables(**changes),
            cwd=self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    def start(self, *arguments: str, **changes: str | None) -> subprocess.Popen[str]:
        """Start and do not wait; standard error is a pipe."""
        return subprocess.Popen(
            command(*arguments),
            env=self.variables(**changes),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, fault: str, *arguments: str, **changes: str | None) -> Done:
        """Execute the toy framework with a fault, on the interpreter of the tests."""
        return self(*run_arguments(fault), *arguments, **changes)

    def records(self) -> list[dict[str, Any]]:
        """Return the records that were kept, oldest first."""
        return [json.loads(file.read_bytes()) for file in self.record_files()]

    def record_files(self) -> list[Path]:
        """Return the files of the records that were kept, oldest first."""
        return sorted(self.results.rglob("*.json"))


def command(*arguments: str) -> list[str]:
    """Return the command that executes ``dlbench`` with ``arguments``."""
    return [sys.executable, "-m", "dlbench", *arguments]


def run_arguments(fault: str) -> Sequence[str]:
    """Return how the toy framework is run with a fault, on the interpreter of the tests.

    What it goes wrong at is measuring, and so parity is left out.
    """
    fault = f"faulty:fault={fault}"
    return "run", "rows", "--quick", "--no-parity", "-f", fault, "--python", sys.executable


def assert_explained(done: Done, code: int, *parts: str) -> None:
    """Check an explained error: its code, what is wrong line by line, a hint, no traceback."""
    said = done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    wrong = [line for line in said.splitlines() if line.startswith("dlbench: ")]
    hints = said.partition(wrong[-1] + "\n")[2].splitlines() if wrong else []
    assert hints, f"no error with a hint: {said}"
    assert all(line.startswith("  ") and line.strip() for line in hints), said
    for part in parts:
        assert part in said
