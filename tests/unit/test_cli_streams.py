"""Where the output goes: pipes, full disks, files, narrow and colourless terminals, locales."""

from __future__ import annotations

import os
import pty
import pwd
import subprocess

import pytest
from command_line import CommandLine, assert_explained, command, run_arguments


def shell(dlbench: CommandLine, line: str, **changes: str | None) -> tuple[list[int], str]:
    """Execute a line of bash; return the exit code of each part of its pipe, and its stderr."""
    codes = dlbench.folder / "codes"
    function = f'dlbench() {{ {" ".join(command())} "$@"; }}'
    done = subprocess.run(
        ["bash", "-c", f"{function}\n{line}\necho ${{PIPESTATUS[*]}} > {codes}"],
        env=dlbench.variables(**changes),
        cwd=dlbench.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [int(code) for code in codes.read_text(encoding="ascii").split()], done.stderr


@pytest.mark.parametrize("unbuffered", [None, "1"])
@pytest.mark.parametrize("words", ["list scenarios", "list frameworks", "--help", "rnu"])
def test_reader_that_leaves(dlbench: CommandLine, words: str, unbuffered: str | None) -> None:
    line = f"dlbench {words} 2>&1 | (exec <&-; sleep 0.1)"
    codes, said = shell(dlbench, line, PYTHONUNBUFFERED=unbuffered)
    assert codes == [2 if words == "rnu" else 141, 0]
    assert said == ""


def test_reader_that_leaves_loses_no_run(dlbench: CommandLine) -> None:
    line = " ".join(run_arguments("none"))
    assert shell(dlbench, f"dlbench {line} 2>&1 | true")[0] == [141, 0]
    assert dlbench.records()[0]["outcome"]["status"] == "ok"


@pytest.mark.parametrize("words", ["list scenarios", "--help", "list frameworks"])
def test_output_that_does_not_fit(dlbench: CommandLine, words: str) -> None:
    codes, said = shell(dlbench, f"dlbench {words} > /dev/full")
    assert codes == [9]
    assert said == (
        "dlbench: cannot write the output: No space left on device\n"
        "  make room, or write it elsewhere\n"
    )


def test_no_place_for_remarks(dlbench: CommandLine) -> None:
    assert shell(dlbench, "dlbench rnu 2> /dev/full") == ([2], "")
    assert shell(dlbench, "dlbench rnu 2>&-") == ([2], "")
    assert shell(dlbench, "dlbench list scenarios >&-") == ([0], "")


def test_no_home(dlbench: CommandLine) -> None:
    done = dlbench.spawn(*run_arguments("none"), HOME=None, USER=None, LOGNAME=None)
    assert done.returncode == 0, done.stderr
    assert dlbench.spawn("doctor", HOME=None, DLBENCH_CACHE=None).returncode == 0


def test_user_without_a_home(dlbench: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whom the system does not know, as in a container with a user id of its own."""

    def know_nobody(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", know_nobody)
    homeless: dict[str, str | None] = {"HOME": None, "XDG_CACHE_HOME": None}
    done = dlbench("list", "scenarios", DLBENCH_CACHE=None, **homeless)
    assert_explained(done, 2, "no home folder to keep the cache in", "DLBENCH_CACHE")
    assert dlbench("list", "scenarios", **homeless).returncode == 0
    assert dlbench.run("none", **homeless).returncode == 0
    done = dlbench("results", "export", "records.tar.gz", **homeless)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {}])
def test_locales(dlbench: CommandLine, variables: dict[str, str]) -> None:
    done = dlbench.spawn(*run_arguments("error"), **variables, PYTHONUTF8="0")
    assert done.returncode == 10, done.stderr
    assert "adapter failed" in done.stderr
    assert dlbench.records()[0]["result"]["failure"]["message"].startswith("the naïve adapter")
    for words in (["show", "last"], ["compare"], ["list", "results"]):
        assert dlbench.spawn(*words, **variables, PYTHONUTF8="0").returncode == 0
    assert dlbench.spawn("run", "naïve", "-f", "faulty", **variables).returncode == 4


def test_no_escape_codes_in_a_file(dlbench: CommandLine) -> None:
    done = dlbench.spawn(*run_arguments("print"))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def run_in_terminal(dlbench: CommandLine, columns: int, **changes: str | None) -> bytes:
    """Return everything that a terminal of so many columns is sent."""
    parent, child = pty.openpty()
    os.set_blocking(parent, True)
    subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=child, check=True)
    process = subprocess.Popen(
        command(*run_arguments("slow")),
        env=dlbench.variables(**{"TERM": "xterm-256color", "COLUMNS": None, **changes}),
        cwd=dlbench.folder,
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    sent = b""
    try:
        while chunk := os.read(parent, 65536):
            sent += chunk
    except OSError:
        pass  # What Linux answers once nobody writes any more.
    os.close(parent)
    assert process.wait(timeout=60) == 0, sent
    return sent


@pytest.mark.parametrize("columns", [40, 200])
def test_terminal(dlbench: CommandLine, columns: int) -> None:
    sent = run_in_terminal(dlbench, columns)
    assert b"\x1b[" in sent  # the changing line
    assert b"Traceback" not in sent
    live = [part for part in sent.replace(b"\r", b"\n").split(b"\n") if b"stepwise" in part]
    assert live


def test_terminal_without_colours(dlbench: CommandLine) -> None:
    sent = run_in_terminal(dlbench, 80, NO_COLOR="1")
    colours = [part for part in sent.split(b"\x1b[")[1:] if part.partition(b"m")[0].isdigit()]
    assert [part[:4] for part in colours if part[:1] in b"349"] == []


def test_dumb_terminal(dlbench: CommandLine) -> None:
    assert b"\x1b[" not in run_in_terminal(dlbench, 80, TERM="dumb")
