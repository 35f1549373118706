"""Engines that are absent, refuse, are too old or talk nonsense; interpreters that are none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CommandLine, assert_explained, command
from fake_engine import answering

RUN = ("run", "rows", "--quick", "-f", "faulty:fault=none")


def version(api: str) -> str:
    return json.dumps({"Version": "1.9.1", "ApiVersion": api, "Os": "linux"})


@pytest.mark.parametrize(
    ("status", "body", "parts"),
    [
        ("403 Forbidden", '{"message": "denied"}', ["does not permit access", "group docker"]),
        ("401 Unauthorized", '{"message": "who?"}', ["does not permit access", "group docker"]),
        ("200 OK", version("1.21"), ["speaks API 1.21", "needs 1.40", "update it (Docker 19.03"]),
        ("200 OK", version("1.39"), ["speaks API 1.39", "needs 1.40", "update it"]),
        ("500 Internal Server Error", '{"message": "a\\nb"}', ["no connection", "start it"]),
        ("200 OK", "<html>a proxy</html>", ["no connection", "start it"]),
        ("200 OK", version("one.two"), ["no connection", "start it"]),
        ("", "", ["no docker engine answers", "start it"]),
    ],
    ids=["denied", "unknown", "ancient", "old", "failing", "html", "odd", "hangs up"],
)
def test_engine_that_does_not_serve(
    dlbench: CommandLine, status: str, body: str, parts: list[str]
) -> None:
    with answering(dlbench.folder / "engine.sock", status, body) as address:
        done = dlbench.spawn(*RUN, "--engine", "docker", DOCKER_HOST=address)
    assert_explained(done, 6, "--engine venv", *parts)
    assert dlbench.records() == []
    assert not dlbench.results.exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("unix:///nowhere/engine.sock", "no docker engine answers at unix:///nowhere/engine.sock"),
        ("tcp://127.0.0.1:1", "no docker engine answers at tcp://127.0.0.1:1"),
        ("nonsense", "no connection to docker at nonsense"),
    ],
)
def test_engine_that_is_absent(dlbench: CommandLine, address: str, said: str) -> None:
    done = dlbench.spawn(*RUN, "--engine", "docker", DOCKER_HOST=address)
    assert_explained(done, 6, said, "start it", "--engine venv")


def test_dead_socket(dlbench: CommandLine) -> None:
    path = dlbench.folder / "dead.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    done = dlbench.spawn(*RUN, "--engine", "docker", DOCKER_HOST=f"unix://{path}")
    assert_explained(done, 6, "no docker engine answers", "start it")


def test_absent_podman(dlbench: CommandLine) -> None:
    nowhere = "unix:///nowhere/podman.sock"
    done = dlbench.spawn(*RUN, "--engine", "podman", CONTAINER_HOST=nowhere)
    assert_explained(done, 6, f"no podman engine answers at {nowhere}", "podman system service")


def test_engine_that_is_not_permitted(dlbench: CommandLine) -> None:
    # Nobody may use a socket of mode 000 but root, who gives that right away first.
    nobody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    with answering(dlbench.folder / "engine.sock", "200 OK", version("1.41")) as address:
        (dlbench.folder / "engine.sock").chmod(0)
        done = subprocess.run(
            [*nobody, *command(*RUN, "--engine", "docker")],
            env=dlbench.variables(DOCKER_HOST=address),
            cwd=dlbench.folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert_explained(done, 6, "does not permit access", "group docker")


def test_other_commands_without_an_engine(dlbench: CommandLine) -> None:
    for words in (["images", "build", "faulty-1.0"], ["images", "prune"], ["images", "load", "x"]):
        done = dlbench.spawn(*words, "--engine", "docker")
        assert_explained(done, 6, "no docker engine answers", "start it")
    assert dlbench.spawn("images", "list").returncode == 0
    doctor = dlbench.spawn("doctor")
    assert doctor.returncode == 0
    assert "missing engine docker: no docker engine answers" in doctor.stdout


def test_device_that_is_not_there(dlbench: CommandLine) -> None:
    if Path("/dev/nvidiactl").exists():
        assert dlbench.spawn("list", "frameworks").returncode == 0
        return
    cuda = CommandLine(dlbench.folder, plugins=("faulty", "cuda"))
    arguments = ("run", "rows", "-f", "cuda:fault=none", "--device", "cuda")
    done = cuda.spawn(*arguments, "--engine", "venv")
    assert_explained(done, 6, "--device cuda: there is no NVIDIA device", "--device cpu")
    body = json.dumps({"ApiVersion": "1.41", "Version": "20.10", "Runtimes": {"runc": {}}})
    with answering(cuda.folder / "engine.sock", "200 OK", body) as address:
        done = cuda.spawn(*arguments, "--engine", "docker", DOCKER_HOST=address)
    assert_explained(done, 6, "--device cuda: docker has no NVIDIA runtime here", "toolkit")
    # Nothing was built, fetched or even begun.
    assert not cuda.cache.exists()
    assert not cuda.results.exists()


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("/nowhere/python", "no Python interpreter /nowhere/python"),
        ("/", "no Python interpreter /"),
        ("~nobody-at-all/python", "no Python interpreter ~nobody-at-all/python"),
        ("/bin/ls", "/bin/ls does not answer as a Python interpreter"),
        ("/bin/true", "/bin/true does not answer as a Python interpreter"),
        ("/bin/false", "/bin/false does not answer as a Python interpreter"),
    ],
)
def test_interpreter_that_is_none(dlbench: CommandLine, python: str, said: str) -> None:
    done = dlbench(*RUN, "--python", python)
    assert_explained(done, 6, said, "--python PATH")
    assert max(map(len, done.stderr.splitlines())) < 250


def test_interpreter_that_hangs_or_prints(dlbench: CommandLine) -> None:
    path = dlbench.folder / "python"
    path.write_text("#!/bin/sh\necho '{\"version\": 3'\n", encoding="utf-8")
    path.chmod(0o755)
    done = dlbench(*RUN, "--python", str(path))
    assert_explained(done, 6, "does not answer as a Python interpreter")


def test_interpreter_without_numpy(dlbench: CommandLine) -> None:
    empty = dlbench.folder / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    python = empty / "bin" / "python"
    done = dlbench(*RUN, "--python", str(python))
    assert_explained(done, 6, f"{python} has no numpy", "-m pip install numpy")
    assert dlbench.records() == []


def test_interpreter_without_the_framework(dlbench: CommandLine) -> None:
    done = dlbench.run("lost")
    assert_explained(done, 10, "1 of 1 runs did not end well", "dlbench show")
    outcome = dlbench.records()[0]["outcome"]
    assert outcome["status"] == "failed"
    assert "ModuleNotFoundError: No module named 'faulty_framework'" in outcome["detail"]


def test_python_belongs_to_one_engine(dlbench: CommandLine) -> None:
    done = dlbench(*RUN, "--python", sys.executable, "--engine", "docker")
    assert_explained(done, 2, "--python needs --engine venv", "leave one of the two out")
