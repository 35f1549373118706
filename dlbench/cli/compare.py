"""``dlbench compare``: turn records into a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dlbench.cli.completion import complete_published
from dlbench.cli.output import print_tables
from dlbench.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from dlbench.index import Unreadable
    from dlbench.summary import RunSummary
    from dlbench.tables import Table

app = typer.Typer(add_completion=False)

#: So many files that cannot be used are named; the others are only counted.
NAMED_FILES = 5


@app.command()
def compare(
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TERM",
            help="Scenarios, frameworks, images, stacks, scenario/framework, campaigns (also as "
            "'vgg*' patterns), or run ids. Terms of one kind add up, different kinds narrow down. "
            "None: the scenario of the newest record.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="One column for each framework, image, or value of this axis."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="step, stepwise, epoch, train, time_to_accuracy, predict, build, first_step, "
            "accuracy, best_accuracy, loss, memory, device_memory, energy, device_energy, "
            "items_per_second, flops_per_second, peak_share, import, compile or cost. Default: "
            "what the scenario names."
        ),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            metavar="ACCURACY",
            help="Of time_to_accuracy: the accuracy to reach, such as 0.98. Default: the least "
            "that the scenario knows.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Framework or image to hold the others against; torch:layout=NHWC names one of "
            "several rows."
        ),
    ] = None,
    band: Annotated[
        str,
        typer.Option(
            metavar="PERCENT|noise",
            help="Rows within this are the same: 2%, or noise: the spread of one round, at least "
            "1 %.",
        ),
    ] = "1%",
    against: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="Show what a study has published beside what was measured, and whether the order "
            "is the same; dlbench published list names the studies.",
            autocompletion=complete_published,
        ),
    ] = None,
    fail_if_slower: Annotated[
        str,
        typer.Option(
            metavar="PERCENT",
            help="Exit with 13 where a row is proven slower than --baseline by more than this.",
        ),
    ] = "",
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Refuse rows that are unequal beside what is compared; --fail-if-slower then "
            "also fails where there is not enough data.",
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Pool all campaigns. Default: the newest one of each cell."),
    ] = False,
    form: Annotated[
        Literal["text", "github", "csv", "latex", "json"],
        typer.Option("--format", help="CSV and JSON have every digit and fixed units."),
    ] = "text",
    wide: Annotated[
        bool,
        typer.Option(
            "--wide", help="Every column, however narrow the terminal; pipes and files get all."
        ),
    ] = False,
    results: Annotated[
        Path | None, typer.Option(help="The results folder; default: $DLBENCH_RESULTS or results.")
    ] = None,
) -> None:
    """Turn records into tables: one for each scenario, one row for each cell.

    A figure is the median over runs, with the 95 % interval over runs from two runs on. Rows are
    ranked where there are intervals; with --baseline each is faster, slower or the same, or there
    is not enough data to say. Runs of one round are held against one another.

    Exits with 13 where --fail-if-slower does not hold.
    """
    from dlbench.cli.workspace import open_workspace
    from dlbench.compare import Question, judge, lay_out_group, newest_scenario
    from dlbench.peaks import attach_peaks
    from dlbench.store import Store

    limit = read_percent("--fail-if-slower", fail_if_slower) if fail_if_slower else None
    if limit is not None and baseline is None:
        raise UsageError("--fail-if-slower needs a baseline", "add --baseline FRAMEWORK")
    if against is not None and any((metric, target, by, baseline, strict)):
        raise UsageError(
            "--against has tables of its own",
            "leave --metric, --target, --by, --baseline and --strict out",
        )
    store = Store(open_workspace(results).results)
    selection = store.select(terms or ())
    report_unreadable(selection.unreadable)
    if not selection.runs:
        raise UnknownNameError(f"there are no records in {store.folder}", "dlbench run makes some")
    runs = attach_peaks(find_measurements(selection.runs), selection.calibrations)
    if against is not None:
        pool_all = everything or selection.by_run
        print_tables(find_tables(runs, against, everything=pool_all), form, wide=wide)
        return
    question = Question(
        metric=metric,
        target=check_target(target, metric),
        by=by,
        baseline=baseline,
        everything=everything or selection.by_run,
        band="noise" if band == "noise" else read_percent("--band", band),
        strict=strict,
    )
    judged = judge(runs if terms else newest_scenario(runs), question)
    print_tables([lay_out_group(group, question) for group in judged], form, wide=wide)
    if limit is not None:
        from dlbench.gate import check_lines, enforce

        for line in enforce(check_lines(judged, limit), limit, strict=strict):
            typer.echo(line, err=True)


def find_tables(runs: Sequence[RunSummary], name: str, *, everything: bool) -> list[Table]:
    """Return the tables of ``runs`` beside what study ``name`` has published.

    Raises UnknownNameError for a study that there is not, or of which nothing was measured.
    """
    from dlbench.cli.workspace import open_workspace
    from dlbench.contrast import set_beside
    from dlbench.published import load

    study = load(open_workspace().studies).study(name)
    tables = set_beside(runs, study, everything=everything)
    if not tables:
        raise UnknownNameError(
            f"none of these records is of a scenario of {name} ({', '.join(study.scenarios)})",
            f"dlbench run {study.scenarios[0]} makes some",
        )
    return tables


def find_measurements(runs: Sequence[RunSummary]) -> Sequence[RunSummary]:
    """Return the runs that measured; raises UnknownNameError where none of ``runs`` did."""
    from dlbench.compare import measurements

    measured = measurements(runs)
    if not measured:
        raise UnknownNameError(
            f"run {runs[-1].run_id} measured nothing: it is of kind {runs[-1].kind}",
            f"dlbench show {runs[-1].run_id}",
        )
    return measured


def check_target(target: float | None, metric: str | None) -> float | None:
    """Return ``target``; raises UsageError where it is no accuracy, or not what is asked for."""
    if target is None:
        return None
    if metric != "time_to_accuracy":
        raise UsageError("--target belongs to a time", "add --metric time_to_accuracy")
    if not 0 < target <= 1:
        raise UsageError(f"--target {target:g} is no accuracy", "98 % is written 0.98")
    return target


def read_percent(option: str, text: str) -> float:
    """Return the share that ``5%`` is; raises UsageError."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not (text.endswith("%") and 0 <= share < 10):
        raise UsageError(f"{option} {text!r} is no percentage", "write it like 5%")
    return share


def report_unreadable(unreadable: Sequence[Unreadable]) -> None:
    """Name the files that could not be used, on standard error, and count them."""
    for one in unreadable[:NAMED_FILES]:
        typer.echo(f"skipped {one.path}: {one.kind}: {one.reason}", err=True)
    if unreadable:
        more = len(unreadable) - NAMED_FILES
        text = f"{len(unreadable)} files were skipped" + (f", {more} not named" if more > 0 else "")
        typer.echo(text, err=True)
