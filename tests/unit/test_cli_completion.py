"""What the shell completes."""

from __future__ import annotations

import subprocess

import pytest
from command_line import CommandLine


def complete(dlbench: CommandLine, words: str, shell: str = "bash") -> list[str]:
    line = ["dlbench", *words.split(" ")]
    done = dlbench.spawn(
        _DLBENCH_COMPLETE=f"complete_{shell}",
        COMP_WORDS=" ".join(line),
        COMP_CWORD=str(len(line) - 1),
        _TYPER_COMPLETE_ARGS=" ".join(line),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ru", ["run"]),
        ("list fr", ["frameworks"]),
        ("run ro", ["rows"]),
        ("run rows --framework fa", ["faulty"]),
        ("run rows -f faulty=", ["faulty==1.0"]),
        ("run rows --stack 20", ["2017", "2019", "2022", "2026"]),
        ("run rows --engine p", ["podman"]),
        ("run rows --device c", ["cpu", "cuda"]),
        ("run rows --tri", ["--trials"]),
        ("scenario check vg", ["vgg-toy", "vgg16"]),
        ("compare --format la", ["latex"]),
    ],
)
def test_words(dlbench: CommandLine, words: str, found: list[str]) -> None:
    assert complete(dlbench, words) == found


def test_nothing_fits(dlbench: CommandLine) -> None:
    assert complete(dlbench, "run xyz") == []


def test_zsh(dlbench: CommandLine) -> None:
    assert "rows" in " ".join(complete(dlbench, "run ro", shell="zsh"))


def test_broken_plugins_do_not_show(dlbench: CommandLine) -> None:
    broken = CommandLine(dlbench.folder, plugins=("faulty", "unimportable", "loud"))
    assert complete(broken, "run rows -f fau") == ["faulty"]


def test_bash_takes_the_script(dlbench: CommandLine) -> None:
    script = dlbench.spawn("--show-completion", _DLBENCH_COMPLETE="source_bash").stdout
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p dlbench"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "dlbench" in done.stdout
