"""Names that nothing has, and command lines that make no sense."""

from __future__ import annotations

import pytest
from command_line import CommandLine, assert_explained

RUN = "run rows -f faulty"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("run rwos -f faulty", ["unknown scenario 'rwos'", "did you mean 'rows'?"]),
        ("run rows -f fauty", ["unknown framework 'fauty'", "did you mean 'faulty'?"]),
        ("run rows -f faulty==1.1", ["faulty has no version '1.1'", "'1.0'"]),
        ("run rows -f faulty:falt=none", ["faulty: unknown axis 'falt'", "'fault'?"]),
        ("run rows -f faulty:fault=crsh", ["axis fault has no value 'crsh'", "'crash'?"]),
        (f"{RUN} --axis thread=2", ["unknown axis 'thread'", "did you mean 'threads'?"]),
        (f"{RUN} --threads many", ["threads has no value 'many'", "a whole number"]),
        (f"{RUN} --batch-size 0", ["batch_size has no value '0'", "a whole number"]),
        (f"{RUN} --stack 2027", ["unknown stack '2027'", "did you mean '2026'?"]),
        (f"{RUN} --engine dcker", ["unknown engine 'dcker'", "did you mean 'docker'?"]),
        (f"{RUN} --device cdua", ["unknown device 'cdua'", "did you mean 'cuda'?"]),
        ("run absent.yaml -f faulty", ["no scenario file absent.yaml", "list scenarios"]),
        ("scenario check rwos", ["unknown scenario 'rwos'", "did you mean 'rows'?"]),
        ("data fetch mnits", ["unknown dataset 'mnits'", "did you mean 'mnist'?"]),
        ("data verify mnits", ["unknown dataset 'mnits'", "did you mean 'mnist'?"]),
        ("images build faulty-1.1", ["unknown image 'faulty-1.1'", "'faulty-1.0'"]),
        ("images list --framework fauty", ["unknown framework 'fauty'", "'faulty'"]),
        ("compare rows", ["no record matches 'rows'", "dlbench run"]),
        ("compare", ["there are no records in", "dlbench run"]),
        ("show 0123456789ab", ["no run '0123456789ab'", "dlbench run"]),
    ],
)
def test_unknown_names(dlbench: CommandLine, line: str, parts: list[str]) -> None:
    assert_explained(dlbench(*line.split()), 4, *parts)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("rnu rows", ["unknown command 'rnu'", "did you mean 'run'?"]),
        ("list frmeworks", ["no such command 'frmeworks'", "did you mean 'frameworks'?"]),
        ("run rows --trails 3", ["no such option: --trails", "--trials", "dlbench run --help"]),
        ("run rows -f faulty --trials x", ["'--trials'", "dlbench run --help"]),
        ("run", ["missing argument 'SCENARIO'", "dlbench run --help"]),
        ("run rows", ["no framework is named", "installed: ", "faulty"]),
        ("run rows -f faulty:", ["'faulty:' cannot be read", "NAME[==VERSION]"]),
        ("run rows -f faulty --axis =3", ["'=3' cannot be read", "NAME=VALUE"]),
        ("run rows -f faulty --memory 8x", ["'8x' is no size", "8g or 512m"]),
        ("compare --format html", ["'html' is not one of", "dlbench compare --help"]),
    ],
)
def test_unusable_lines(dlbench: CommandLine, line: str, parts: list[str]) -> None:
    assert_explained(dlbench(*line.split()), 2, *parts)


@pytest.mark.parametrize("line", ["", "list", "data", "images", "scenario", "results"])
def test_nothing_to_do_is_help(dlbench: CommandLine, line: str) -> None:
    done = dlbench(*line.split())
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: dlbench")
    assert "Commands:" in done.stderr
    assert done.stdout == ""


def test_names_of_what_was_measured(dlbench: CommandLine) -> None:
    assert dlbench.run("none").returncode == 0
    run_id = str(dlbench.records()[0]["run_id"])
    assert dlbench("show", run_id[:6]).returncode == 0
    near = run_id[:-1] + "x"
    assert_explained(dlbench("show", near), 4, near, f"did you mean '{run_id}'?")
    assert_explained(dlbench("compare", "fauly"), 4, "did you mean 'faulty'?")
    assert_explained(dlbench("compare", "--metric", "stp"), 4, "did you mean 'step'?")
    assert_explained(dlbench("compare", "--by", "fualt"), 4, "did you mean 'fault'?")
    assert_explained(dlbench("compare", "--baseline", "fauly"), 4, "did you mean 'faulty'?")
    assert_explained(dlbench("list", "results", "rwos"), 4, "did you mean 'rows'?")
