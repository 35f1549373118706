"""The help of every command, as in tests/golden/help-*.txt."""

from __future__ import annotations

import pytest
from command_line import CommandLine
from golden import check_golden

from dlbench.cli.app import COMMANDS

COMMANDS_OF_GROUPS = (
    "list frameworks",
    "list scenarios",
    "list stacks",
    "list images",
    "list results",
    "images build",
    "images verify",
    "images list",
    "images prune",
    "images lock",
    "images push",
    "images save",
    "images load",
    "data fetch",
    "data list",
    "data verify",
    "data import",
    "scenario check",
    "results export",
    "results import",
    "published list",
    "published show",
)


@pytest.mark.parametrize("command", ["", *COMMANDS, *COMMANDS_OF_GROUPS])
def test_help(dlbench: CommandLine, command: str) -> None:
    done = dlbench(*command.split(), "--help", COLUMNS="80")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    check_golden(f"help-{command.replace(' ', '-') or 'dlbench'}.txt", done.stdout)


@pytest.mark.parametrize("group", [name for name, (is_group, _) in COMMANDS.items() if is_group])
def test_every_command_of_a_group_has_a_golden_help(dlbench: CommandLine, group: str) -> None:
    listed = dlbench(group, "--help", COLUMNS="80").stdout.partition("Commands:\n")[2]
    named = [f"{group} {line.split()[0]}" for line in listed.splitlines() if line[2:3].strip()]
    assert named == [each for each in COMMANDS_OF_GROUPS if each.startswith(f"{group} ")]


def test_help_fits_a_narrow_terminal(dlbench: CommandLine) -> None:
    done = dlbench("run", "--help", COLUMNS="40")
    assert done.returncode == 0
    prose = done.stdout.partition("Arguments:")[0].splitlines()
    assert prose
    assert max(map(len, prose)) <= 50  # typer sets no narrower text
