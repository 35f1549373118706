"""``dlbench list``: the frameworks, scenarios, stacks, images and results that there are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.workspace import open_workspace

if TYPE_CHECKING:
    from dlbench.catalog import BrokenPlugin, Entry
    from dlbench.framework import Axis
    from dlbench.stack import Stack
    from dlbench.summary import RunSummary

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Row = dict[str, Any]


def print_rows(rows: list[Row], columns: tuple[str, ...], *, as_json: bool, empty: str) -> None:
    """Print rows as a table of ``columns``, or whole as JSON."""
    if as_json:
        import json

        print(json.dumps(rows, indent=2))
    elif not rows:
        print(empty)
    else:
        from tabulate import tabulate

        cells = [[spell_cell(row[column]) for column in columns] for row in rows]
        print(tabulate(cells, headers=columns, disable_numparse=True))


def spell_cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


@app.command()
def frameworks(as_json: AsJson = False) -> None:
    """List frameworks, their images and their axes.

    Broken plugins are listed with the reason; they stop nothing.
    """
    from dlbench.axes import BUILT_IN

    catalog = open_workspace().catalog()
    if as_json:
        import json

        found = {
            "frameworks": [describe_framework(entry) for entry in catalog.frameworks.values()],
            "broken": [describe_broken(plugin) for plugin in catalog.broken],
        }
        print(json.dumps(found, indent=2))
        return
    for entry in catalog.frameworks.values():
        print_framework(entry)
    for plugin in catalog.broken:
        what = "faulty" if plugin.usable else "broken"
        print(f"{what} plugin {plugin.distribution} ({plugin.entry_point})\n  {plugin.reason}\n")
    if not catalog.frameworks and not catalog.broken:
        print("no framework plugin is installed")
        return
    print("every framework has")
    print_axes(BUILT_IN)


def print_framework(entry: Entry) -> None:
    """Print one framework, a line for each image and axis."""
    framework = entry.framework
    print(f"{framework.name}  {framework.summary}")
    print(f"  from {entry.distribution} {entry.version}")
    for image in framework.images:
        served = "".join(f", {axis}={value}" for axis, value in image.axes.items())
        devices = ", ".join(image.devices)
        versions = spell_cell(dict(image.versions))
        print(f"  image {image.id}: {versions}; stack {image.stack}; {devices}{served}")
    print_axes(framework.supports.axes)
    print()


def print_axes(axes: Iterable[Axis]) -> None:
    """Print axes with their values, a line each; N stands for a whole number."""
    for axis in axes:
        values = "|".join(axis.values) or "N"
        print(f"  axis {axis.name}={values}" + (f": {axis.summary}" if axis.summary else ""))


def describe_framework(entry: Entry) -> Row:
    """Return a framework as JSON shows it."""
    framework = entry.framework
    return {
        "name": framework.name,
        "summary": framework.summary,
        "distribution": entry.distribution,
        "version": entry.version,
        "images": [
            {
                "id": image.id,
                "versions": dict(image.versions),
                "stack": image.stack,
                "devices": list(image.devices),
                "axes": dict(image.axes),
            }
            for image in framework.images
        ],
        "axes": [describe_axis(axis) for axis in framework.supports.axes],
        "layers": list(framework.supports.layers),
        "optimizers": list(framework.supports.optimizers),
        "losses": list(framework.supports.losses),
    }


def describe_axis(axis: Axis) -> Row:
    """Return an axis as JSON shows it."""
    return {"name": axis.name, "values": list(axis.values), "summary": axis.summary}


def describe_broken(plugin: BrokenPlugin) -> Row:
    """Return a broken plugin as JSON shows it."""
    return {
        "distribution": plugin.distribution,
        "entry_point": plugin.entry_point,
        "reason": plugin.reason,
        "usable": plugin.usable,
    }


@app.command()
def scenarios(as_json: AsJson = False) -> None:
    """List scenarios and their own axes.

    Files that are wrong are named at the end, and the exit code is 3 then.
    """
    from dlbench.errors import ScenarioError
    from dlbench.scenario import load, names

    rows: list[Row] = []
    problems: list[str] = []
    for name, path in names(open_workspace().scenarios).items():
        try:
            scenario = load(path)
        except ScenarioError as error:
            problems.append(error.message)
            continue
        rows.append({
            "name": name,
            "data": scenario.data.dataset,
            "metric": scenario.metric,
            "axes": [
                f"{parameter.name}={'|'.join(parameter.values) or 'any'}"
                for parameter in scenario.parameters
            ],
            "digest": scenario.digest,
            "summary": scenario.summary,
            "file": str(path),
        })
    columns = ("name", "data", "metric", "axes", "digest", "summary")
    print_rows(rows, columns, as_json=as_json, empty="there are no scenarios")
    if problems:
        raise ScenarioError("\n".join(problems))


@app.command()
def stacks(as_json: AsJson = False) -> None:
    """List stacks and the systems they stand for."""
    from dlbench.stack import load_stacks

    workspace = open_workspace()
    entries = workspace.catalog().frameworks.values()
    rows: list[Row] = [
        {
            "name": stack.name,
            "stands for": stack.os,
            "cuda": stack.cuda,
            "cudnn": stack.cudnn,
            "runs on": stack.image_os,
            # Frameworks may share an image.
            "images": list(
                dict.fromkeys(
                    image.id
                    for entry in entries
                    for image in entry.framework.images
                    if image.stack == stack.name
                )
            ),
            "gpu images": describe_gpu_images(stack),
        }
        for stack in load_stacks(workspace.images)
    ]
    columns = ("name", "stands for", "cuda", "cudnn", "runs on", "images", "gpu images")
    print_rows(rows, columns, as_json=as_json, empty="there are no stacks")


def describe_gpu_images(stack: Stack) -> str:
    """Name the images for a stack's own GPUs, and say that nobody has built them."""
    return f"{', '.join(stack.gpu.dockerfiles)}: {stack.gpu.state}" if stack.gpu else "none"


@app.command()
def images(as_json: AsJson = False) -> None:
    """List the images that are defined.

    dlbench images list says which of them are built.
    """
    rows: list[Row] = [
        {
            "image": image.id,
            "framework": entry.framework.name,
            "stack": image.stack,
            "devices": list(image.devices),
            "versions": dict(image.versions),
            "python": image.python_version,
        }
        for entry in open_workspace().catalog().frameworks.values()
        for image in entry.framework.images
    ]
    columns = ("image", "framework", "stack", "devices", "versions", "python")
    print_rows(rows, columns, as_json=as_json, empty="no framework plugin is installed")


@app.command()
def results(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(help="Scenarios, frameworks, images, stacks or run ids; all if none."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--results", metavar="FOLDER", help="Results folder (default: DLBENCH_RESULTS)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs that have a record.

    Oldest first; files that cannot be read as records are named on standard error.
    """
    from dlbench.cli.compare import report_unreadable
    from dlbench.metrics import spell_figure
    from dlbench.store import Store

    chosen = Store(open_workspace(folder).results).select(patterns or [])
    rows: list[Row] = [
        {
            "run": run.run_id,
            "started": run.started,
            "scenario": run.cell.scenario,
            "image": run.cell.image_id,
            "device": run.cell.device,
            "variant": [f"{name}={value}" for name, value in run.axes.items()],
            "outcome": describe_outcome(run),
            "figure": spell_figure(run),
        }
        for run in chosen.runs
    ]
    columns = ("run", "started", "scenario", "image", "device", "variant", "outcome", "figure")
    print_rows(rows, columns, as_json=as_json, empty="there are no results")
    report_unreadable(chosen.unreadable)


def describe_outcome(run: RunSummary) -> str:
    """Say how a run ended; of one that was made to verify a cell, the verdict."""
    if run.kind == "parity" and run.ok:
        return f"parity {run.parity}"
    return run.outcome
