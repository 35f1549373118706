"""The root command: finds the command asked for, imports only that one, and reports errors.

Every command is a module of this package with an ``app``; importing them all would cost half a
second before the first word of help.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dlbench.errors import DlbenchError, StoppedError, TerminatedError

#: Command -> (whether it is a group of commands, one line of help).
COMMANDS: dict[str, tuple[bool, str]] = {
    "run": (False, "Execute scenarios on frameworks and show the table."),
    "compare": (False, "Turn records into a table."),
    "list": (True, "List frameworks, scenarios, stacks, images, results."),
    "show": (False, "Show everything that is known about one run."),
    "images": (True, "Build, verify, lock and keep images."),
    "data": (True, "Fetch, verify and import datasets."),
    "scenario": (True, "Check a scenario file: shapes, parameters, FLOPs."),
    "results": (True, "Export and import records."),
    "doctor": (False, "Check this machine for what dlbench needs."),
}


def load_command(name: str) -> Any:
    """Import the module of command ``name`` and return its click command."""
    module = importlib.import_module(f"dlbench.cli.{name}")
    module.app.rich_markup_mode = None
    is_group, summary = COMMANDS[name]
    build = typer.main.get_group if is_group else typer.main.get_command
    command = build(module.app)
    command.name = name
    command.help = command.help or summary
    return command


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command, or None where there is none of that name."""
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from what is known without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: Any) -> Any:
        """Invoke the chosen command; Ctrl-C becomes an error with an exit code of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("interrupted", "nothing is left running") from None


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(value: bool) -> None:
    """Print the version and end, where it was asked for."""
    if value:
        from importlib.metadata import version

        print(f"dlbench {version('dlbench')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Measure deep-learning frameworks against each other.

    dlbench run SCENARIO --framework NAME executes a scenario in fresh containers and keeps a
    record of each run; dlbench compare turns records into tables.
    """


def end_by_signal(_number: int, _frame: object) -> NoReturn:
    """Turn SIGTERM into an error, so that everything is closed on the way out."""
    raise TerminatedError("terminated", "nothing is left running")


def report(error: DlbenchError) -> None:
    """Print what is wrong, and what to do about it, to standard error."""
    print(f"dlbench: {error.message}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  {line}", file=sys.stderr)


def main() -> NoReturn:
    """Run the command line and exit with the code of what happened."""
    signal.signal(signal.SIGTERM, end_by_signal)
    try:
        app(prog_name="dlbench")
    except DlbenchError as error:
        report(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(0)
