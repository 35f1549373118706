"""The container engines of the tests, and one small image in each."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlbench.docker_engine import DockerEngine
from dlbench.engine import BuiltImage
from dlbench.errors import EngineError

START_SECONDS = 30


@dataclass(frozen=True)
class Place:
    """An engine with the small image in it."""

    engine: DockerEngine
    image: BuiltImage
    address: str | None = None


def start_podman(address: str) -> subprocess.Popen[bytes]:
    program = shutil.which("podman")
    if program is None:
        pytest.fail("podman is not installed: scripts/engine --podman installs it", pytrace=False)
    # Podman's monitor leaves files where the service was started.
    folder = Path(address.removeprefix("unix://")).parent
    return subprocess.Popen([program, "system", "service", "--time=0", address], cwd=folder)


def await_podman(service: subprocess.Popen[bytes], address: str) -> DockerEngine:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return DockerEngine(address, "podman")
        except EngineError:
            if service.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
