"""Python interpreters on this machine: what one is, and what is installed for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import EngineError

ASK_SECONDS = 60

#: Runs in any Python since 2.7, so it asks in the old way where the new one is absent.
QUESTION = """
import json, sys
try:
    from importlib.metadata import distributions
    found = dict((d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"])
except ImportError:
    try:
        import pkg_resources
        found = dict((d.project_name, d.version) for d in pkg_resources.working_set)
    except ImportError:
        found = {}
version = ".".join(str(part) for part in sys.version_info[:3])
print(json.dumps({"version": version, "packages": found}))
"""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python interpreter that answers."""

    path: str
    version: str
    packages: Mapping[str, str]

    @property
    def series(self) -> str:
        """The version without its last part: ``3.11``."""
        return ".".join(self.version.split(".")[:2])


def read_interpreter(python: str) -> Interpreter:
    """Ask ``python`` (a path, or a name on PATH) what it is; raises EngineError."""
    # Not resolved: the link in a virtual environment is what makes its packages visible.
    found = shutil.which(Path(python).expanduser())
    if found is None:
        raise EngineError(
            f"--python {python}: there is no such interpreter", "give the path of a Python"
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
        answer = json.loads(done.stdout.splitlines()[-1])
        return Interpreter(path=path, version=answer["version"], packages=answer["packages"])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, KeyError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [""]
        raise EngineError(f"--python {python} does not work: {said[-1]}") from None
