"""Installing pins into a new virtual environment, with whatever this machine offers for that."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from dlbench.build_log import TAIL_LINES
from dlbench.engine import Recipe
from dlbench.interpreter import Interpreter
from dlbench.process_group import ended_together

#: The last virtualenv that makes environments for Python 2.7; it brings their pip along.
VIRTUALENV = "virtualenv<20.22"
INSTALL = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")
PINNED = ("--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-build-isolation", "-r")
#: What pip says where a version has no wheel for the interpreter.
NO_WHEEL = ("No matching distribution found", "is not a supported wheel")


class InstallError(Exception):
    """A step of a build failed; ``tail`` is the end of what it printed."""

    def __init__(self, reason: str, tail: list[str]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tail = tail

    @property
    def lacks_wheel(self) -> bool:
        """Whether another interpreter may have what this one has not."""
        return any(words in line for words in NO_WHEEL for line in self.tail)


def install(
    interpreter: Interpreter,
    environment: Path,
    work: Path,
    recipe: Recipe,
    on_line: Callable[[str], None],
) -> None:
    """Install the pins in ``work`` into a new environment; raises InstallError."""
    variables = make_variables(work, recipe.build_arguments)

    def step(*command: str) -> None:
        run_step(command, work, variables, on_line)

    pip = create(interpreter, environment, work, step)
    if (work / "tools.txt").is_file():
        step(*pip, "install", *INSTALL, *PINNED, "tools.txt")
    step(*pip, "install", *INSTALL, *PINNED, "requirements.txt")
    if recipe.wheels:
        wheels = [f"wheels/{path.name}" for path in recipe.wheels]
        step(*pip, "install", *INSTALL, "--no-deps", "--no-index", *wheels)


def create(
    interpreter: Interpreter, environment: Path, work: Path, step: Callable[..., None]
) -> tuple[str, ...]:
    """Make an empty environment; return the command that is its pip.

    The host's pip installs into it from outside where it can.  Where the interpreter has no venv
    module, or the host no pip for its version, virtualenv is fetched, which brings one.
    """
    python = str(environment / "bin/python")
    if interpreter.series >= (3, 9) and has_pip():
        with contextlib.suppress(InstallError):
            step(interpreter.path, "-m", "venv", "--without-pip", str(environment))
            return (sys.executable, "-m", "pip", "--python", python)
    if interpreter.series >= (3, 4):
        with contextlib.suppress(InstallError):
            step(interpreter.path, "-m", "venv", str(environment))
            return (python, "-m", "pip")
    tools = work / "tools"
    step(sys.executable, "-m", "pip", "install", *INSTALL, "--target", str(tools), VIRTUALENV)
    # A file, because the tools are to be seen by this interpreter alone, not by the new one.
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); import virtualenv.__main__ as m;"
    start += " m.run_with_catch()"
    step(sys.executable, "-c", start, str(tools), "-q", "-p", interpreter.path, str(environment))
    return (python, "-m", "pip")


def has_pip() -> bool:
    """Whether the interpreter that runs dlbench has a pip that can install for others."""
    from importlib import metadata

    try:
        major, minor = metadata.version("pip").split(".")[:2]
    except metadata.PackageNotFoundError:
        return False
    return (int(major), int(minor)) >= (22, 3)


def make_variables(work: Path, proxies: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's variables, with pip's settings out of the build context alone."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    cache = {k: v for k, v in os.environ.items() if k == "PIP_CACHE_DIR"}
    return own | cache | dict(proxies) | {"PIP_CONFIG_FILE": str(work / "secrets/pip.conf")}


def run_step(
    command: tuple[str, ...],
    work: Path,
    variables: Mapping[str, str],
    on_line: Callable[[str], None],
) -> None:
    """Run one step of a build, its output line by line to ``on_line``; raises InstallError."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with (
        subprocess.Popen(
            command,
            cwd=work,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process,
        ended_together(process),
    ):
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip())
            on_line(line.rstrip())
    if process.returncode:
        reason = f"{Path(command[0]).name} {' '.join(command[1:4])} failed"
        raise InstallError(reason, list(tail))
