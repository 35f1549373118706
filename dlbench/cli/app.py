"""The root command: finds the command asked for, imports only that one, and reports errors.

Every command is a module of this package with an ``app``; importing them all would cost half a
second before the first word of help.
"""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dlbench.cli.streams import ReaderGoneError, prepare_streams
from dlbench.errors import (
    DlbenchError,
    StoppedError,
    TerminatedError,
    UsageError,
    nearest,
)

#: Command -> (whether it is a group of commands, one line of help).
COMMANDS: dict[str, tuple[bool, str]] = {
    "run": (False, "Execute scenarios on frameworks and show the table."),
    "verify": (False, "Check that frameworks do the work that a scenario states."),
    "compare": (False, "Turn records into a table."),
    "reproduce": (False, "Execute a study, or a record's cell, again: does it agree?"),
    "calibrate": (False, "Measure the peak that frameworks reach on this machine."),
    "list": (True, "List frameworks, scenarios, stacks, images, results."),
    "show": (False, "Show everything that is known about one run."),
    "images": (True, "Build, verify, lock and keep images."),
    "data": (True, "Fetch, verify and import datasets."),
    "scenario": (True, "Check a scenario file: shapes, parameters, FLOPs."),
    "results": (True, "Export and import records."),
    "published": (True, "List and show what others have published."),
    "doctor": (False, "Check this machine for what dlbench needs."),
}

#: What typer raises where the command line cannot be read; its own name of it is not public.
Misuse: type[Exception] = typer.BadParameter.__bases__[0]


class Terminated(KeyboardInterrupt):
    """SIGTERM: unlike an Exception, nobody on the way out takes it for a failure of their own."""


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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that ``args`` begin with; raises UsageError for an unknown one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"unknown command {name!r}", nearest(name, COMMANDS))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Invoke the chosen command; a signal becomes an error with an exit code of its own."""
        hint = "nothing is left running; records of finished runs are kept"
        try:
            return super().invoke(ctx)
        except Terminated:
            raise TerminatedError("terminated", hint) from None
        except KeyboardInterrupt:
            raise StoppedError("interrupted", hint) from None


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
    """Turn SIGTERM into an exception, so that everything is closed on the way out."""
    raise Terminated


def report(error: DlbenchError) -> None:
    """Print what is wrong, and what to do about it, to standard error."""
    for line in error.message.splitlines():
        print(f"dlbench: {line}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  {line}", file=sys.stderr)


def explain_misuse(misuse: Any) -> UsageError:
    """Return what is wrong with a command line in the words of every other error."""
    message, _, fix = misuse.format_message().removesuffix(".").partition(". Did you mean ")
    option = getattr(misuse, "possibilities", None)
    if option:
        message, fix = misuse.message, " or ".join(sorted(option)) + "?"
    message = " ".join(message.replace("Value error, ", "").split())
    message = message[:1].lower() + message[1:]
    command = misuse.ctx.command_path if misuse.ctx else "dlbench"
    see = f"{command} --help says what can be given"
    return UsageError(message, f"did you mean {fix}\n{see}" if fix else see)


def execute() -> int:
    """Execute the command line and return the exit code of what happened."""
    try:
        code = app(prog_name="dlbench", standalone_mode=False)
        sys.stdout.flush()
    except ReaderGoneError as error:
        return error.exit_code
    except DlbenchError as error:
        report(error)
        return error.exit_code
    except Misuse as misuse:
        text = str(misuse)
        if text.startswith("Usage:"):
            # A command that does nothing by itself was given nothing to do.
            print(text, file=sys.stderr)
        else:
            report(explain_misuse(misuse))
        return UsageError.exit_code
    return code or 0


def main() -> NoReturn:
    """Run the command line and exit with the code of what happened."""
    signal.signal(signal.SIGTERM, end_by_signal)
    prepare_streams()
    sys.exit(execute())
