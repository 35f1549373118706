"""Ctrl-C and SIGTERM while a container image is built, through the command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import CommandLine, assert_explained

pytestmark = pytest.mark.docker

IMAGE = Path(__file__).parents[2] / "images" / "numpy" / "numpy-2.4.6"
MODULE = """
from dataclasses import replace
from pathlib import Path

import dlbench_faulty

from dlbench.framework import hookimpl


@hookimpl
def dlbench_frameworks():
    return [
        replace(
            framework,
            name="slowly",
            images=tuple(
                replace(image, id="slowly-1.0", folder=Path({folder!r}))
                for image in framework.images
            ),
        )
        for framework in dlbench_faulty.dlbench_frameworks()
    ]
"""


def ask_docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def install_plugin(folder: Path) -> None:
    """Install a plugin whose image takes an hour to build, by a step that no other build has."""
    image = folder / "image"
    shutil.copytree(IMAGE, image)
    with (image / "Dockerfile").open("a", encoding="utf-8") as dockerfile:
        dockerfile.write(f"\nRUN : {folder.name} && sleep 3600\n")
    facts = folder / "dlbench_slowly-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: dlbench-slowly\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[dlbench]\nslowly = dlbench_slowly\n")
    (folder / "dlbench_slowly.py").write_text(MODULE.format(folder=str(image)))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_while_an_image_is_built(dlbench: CommandLine, number: signal.Signals, code: int) -> None:
    install_plugin(dlbench.folder)
    images = ask_docker("images", "--quiet", "--filter", "reference=dlbench-draft/slowly-1.0")
    variables = dlbench.variables(DOCKER_HOST=os.environ.get("DOCKER_HOST"))
    variables["PYTHONPATH"] += os.pathsep + str(dlbench.folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "dlbench", "run", "rows", "-f", "slowly:fault=none"],
        env=variables | {"DLBENCH_TEST": "1"},
        cwd=dlbench.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    step = f"{dlbench.folder.name} && sleep 3600"

    def building() -> bool:
        return step in ask_docker("ps", "--no-trunc", "--format", "{{.Command}}")

    try:
        for _ in range(600):
            if building() or process.poll() is not None:
                break

            time.sleep(0.5)
        assert process.poll() is None, process.communicate()[1]
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    done = subprocess.CompletedProcess(process.args, process.returncode, "", said)
    assert_explained(done, code, "nothing is left running")
    # The engine ends the step when its client has gone; a busy one lists it a moment longer.
    for _ in range(20):
        if not building():
            break
        time.sleep(0.25)
    assert not building()
    assert dlbench.records() == []
    left = ask_docker("images", "--quiet", "--filter", "reference=dlbench-draft/slowly-1.0")
    assert left == images
