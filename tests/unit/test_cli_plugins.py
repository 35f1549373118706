"""Plugins that are broken: named with the reason, and in nobody else's way."""

from __future__ import annotations

import json
import sys

import pytest
from command_line import CommandLine, assert_explained, run_arguments

BROKEN = {
    "unimportable": "ModuleNotFoundError: No module named 'dlbench_of_another_day'",
    "raising": "RuntimeError: no licence file was found",
    "exiting": "SystemExit: run me with another Python",
    "misspelt": "dlbench_framework",
    "unmarked": "no hook `dlbench_frameworks`",
    "newer": "newer: written for plugin API 2, this dlbench offers 1: update dlbench",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plugin_stops_nothing(dlbench: CommandLine, name: str) -> None:
    both = CommandLine(dlbench.folder, plugins=("faulty", name))
    listed = both.spawn("list", "frameworks")
    assert listed.returncode == 0
    assert listed.stderr == ""
    assert "faulty  Goes wrong as asked" in listed.stdout
    assert f"broken plugin dlbench-{name} (dlbench_{name})" in listed.stdout
    assert BROKEN[name] in listed.stdout
    assert f"plugin dlbench-{name}: " in both.spawn("doctor").stdout
    assert_explained(
        both("run", "rows", "-f", name),
        4,
        f"unknown framework '{name}'",
        f"broken plugins: dlbench-{name} (see `dlbench list frameworks`)",
    )
    assert both(*run_arguments("none")).returncode == 0


def test_all_of_them_at_once(dlbench: CommandLine) -> None:
    everything = CommandLine(dlbench.folder, plugins=("faulty", "loud", *BROKEN))
    listed = json.loads(everything.spawn("list", "frameworks", "--json").stdout)
    assert {"faulty", "loud"} <= {entry["name"] for entry in listed["frameworks"]}
    broken = {each["distribution"] for each in listed["broken"] if not each["usable"]}
    assert broken == {f"dlbench-{name}" for name in BROKEN}


def test_plugin_that_prints(dlbench: CommandLine) -> None:
    both = CommandLine(dlbench.folder, plugins=("faulty", "loud"))
    done = both.spawn("list", "frameworks", "--json")
    listed = json.loads(done.stdout)  # nothing else is on standard output
    assert "loud" in [entry["name"] for entry in listed["frameworks"]]
    assert "faulty plugin dlbench-loud" in both.spawn("list", "frameworks").stdout
    run = both.spawn(*(
        "run",
        "rows",
        "--quick",
        "--python",
        sys.executable,
        "--dry-run",
        "-f",
        "loud:fault=none",
    ))
    assert run.returncode == 0, run.stderr
    assert "thank you" not in run.stdout + run.stderr


def test_two_plugins_of_one_name(dlbench: CommandLine) -> None:
    both = CommandLine(dlbench.folder, plugins=("faulty", "loud", "twin"))
    done = both.spawn("run", "rows", "-f", "faulty")
    assert_explained(done, 5, "'faulty' is brought by dlbench-", " and ", "uninstall one of them")
    assert "dlbench-faulty" in done.stderr
    assert "dlbench-twin" in done.stderr
    # The others are there.
    assert both(*("run", "rows", "-f", "loud", "--quick", "--dry-run")).returncode == 0


def test_no_plugin_at_all(dlbench: CommandLine) -> None:
    bare = CommandLine(dlbench.folder, plugins=())
    done = bare("run", "rows", "-f", "faulty")
    assert_explained(done, 4, "unknown framework 'faulty'")
