"""Python interpreters on this machine: what one is, and where there are others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from dlbench.errors import EngineError
from dlbench.home import expand, find_home

ASK_SECONDS = 60

#: Runs in any Python since 2.7, so it asks in the old way where the new one is absent.
QUESTION = """
import json, platform, sys
try:
    from importlib.metadata import distributions
    found = dict((d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"])
except ImportError:
    try:
        import pkg_resources
        found = dict((d.project_name, d.version) for d in pkg_resources.working_set)
    except ImportError:
        found = {}
print(json.dumps({
    "version": ".".join(str(part) for part in sys.version_info[:3]),
    "implementation": platform.python_implementation(),
    "packages": found,
}))
"""

#: Where interpreters are beside PATH, below the home folder or the root.
PLACES = (
    "~/.pyenv/versions/*/bin/python",
    "~/.local/share/uv/python/*/bin/python3",
    "~/.local/bin/python[23].*",
    "/usr/local/bin/python[23].*",
    "/usr/bin/python[23].*",
    "/opt/python/*/bin/python",
)


class Interpreter(Struct, frozen=True, kw_only=True):
    """A Python interpreter that answers."""

    path: str
    version: str
    packages: Mapping[str, str]
    implementation: str = "CPython"

    @property
    def series(self) -> tuple[int, int]:
        """The version without its last part: ``(3, 11)``."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def series_text(self) -> str:
        """The series as files name it: ``3.11``."""
        return "{}.{}".format(*self.series)


def read_interpreter(python: str) -> Interpreter:
    """Ask ``python`` (a path, or a name on PATH) what it is; raises EngineError."""
    # Not resolved: the link in a virtual environment is what makes its packages visible.
    found = shutil.which(expand(python))
    if found is None:
        raise EngineError(
            f"there is no Python interpreter {python}", "give the path of one: --python PATH"
        )
    path = str(Path(found).absolute())
    variables = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    try:
        done = subprocess.run(
            [path, "-c", QUESTION],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=True,
            env=variables,
        )
        return Interpreter(path=path, **json.loads(done.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [""]
        raise EngineError(
            f"{python} does not answer as a Python interpreter: {said[-1][:120]}",
            "give the path of one: --python PATH",
        ) from None


def find_interpreters(version: str) -> list[Interpreter]:
    """Return this machine's interpreter of ``version`` (``3.11``) alone.

    Without one, return those of the same major version, the nearest first.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    known: dict[tuple[int, int], Interpreter] = {}
    for path in list_paths(version):
        try:
            found = read_interpreter(path)
        except EngineError:
            continue
        if found.implementation != "CPython" or found.series[0] != major:
            continue
        if found.series[1] == minor:
            return [found]
        known.setdefault(found.series, found)
    return sorted(known.values(), key=lambda item: abs(item.series[1] - minor))


def list_paths(version: str) -> Iterator[str]:
    """Yield paths that may be interpreters, the likeliest for ``version`` first, each once."""
    seen: set[str] = set()
    for path in _candidates(version):
        real = os.path.realpath(path)
        if real not in seen and "config" not in Path(path).name:
            seen.add(real)
            yield path


def _candidates(version: str) -> Iterator[str]:
    series = ".".join(str(part) for part in sys.version_info[:2])
    if version == series:
        yield sys.executable
    for name in (f"python{version}", "python3", "python"):
        if on_path := shutil.which(name):
            yield on_path
    for pattern in PLACES:
        start = find_home() if pattern.startswith("~/") else Path("/")
        found = [str(path) for path in start.glob(pattern.lstrip("~/"))]
        yield from sorted(found, key=lambda path: version not in path)
    yield sys.executable
