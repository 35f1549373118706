"""``dlbench scenario``: check scenario files, and show what their networks hold and cost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion import complete_scenario
from dlbench.cli.workspace import open_workspace
from dlbench.errors import ScenarioError

if TYPE_CHECKING:
    from dlbench.network import LayerFacts, Network
    from dlbench.scenario import Scenario

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def scenario() -> None:
    """Check scenario files: shapes, parameters, FLOPs."""


@app.command()
def check(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO",
            help="Scenario names, or YAML files.",
            autocompletion=complete_scenario,
        ),
    ],
    axis: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=V[,V]", help="A parameter of the scenario; a list is swept."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Check scenarios, and print what their networks hold and cost.

    FLOPs are for one item, two for a multiply-add, of convolutions, dense layers and LSTMs; a
    training step is forward and backward pass. Exits with 3 if any file is wrong.
    """
    from dlbench.network import summarize
    from dlbench.scenario import locate

    folders = open_workspace().scenarios
    checked: list[tuple[Scenario, Network]] = []
    problems: list[str] = []
    for path in [locate(name, folders) for name in names]:
        try:
            checked += [(each, summarize(each)) for each in load_each(path, axis or [])]
        except ScenarioError as error:
            problems.append(error.message)
    if as_json:
        import json

        print(json.dumps([for_json(*item) for item in checked], indent=2))
    else:
        print("\n\n".join("\n".join(table_lines(*item)) for item in checked))
    if problems:
        raise ScenarioError("\n".join(problems))


def load_each(path: Path, axes: list[str]) -> Iterator[Scenario]:
    """Load the scenario in ``path`` with every combination of its parameters asked for."""
    from dlbench.axes import parse_axes
    from dlbench.scenario import load

    asked = parse_axes(axes)
    for values in itertools.product(*asked.values()):
        yield load(path, dict(zip(asked, values, strict=True)))


def table_lines(scenario: Scenario, network: Network) -> Iterator[str]:
    """Return the scenario, its layers as a table, and the totals, as lines of text."""
    from tabulate import tabulate

    values = "".join(f" {name}={value}" for name, value in scenario.values.items())
    yield f"{scenario.name}{values}" + (f": {scenario.summary}" if scenario.summary else "")
    yield f"digest {scenario.digest}"
    rows = [row for facts in network.layers for row in layer_rows(facts)]
    rows.append([
        "total",
        "",
        f"{network.parameter_count:,}",
        megaflops(network.forward_flops),
        megaflops(network.training_flops),
    ])
    yield tabulate(
        rows,
        headers=["layer", "output", "parameters", "forward MFLOP", "training MFLOP"],
        colalign=["left", "left", "right", "right", "right"],
        disable_numparse=True,
    )


def megaflops(flops: int) -> str:
    """Return a number of FLOPs in millions, nothing for none."""
    millions = flops / 1e6
    return "" if flops == 0 else f"{millions:,.2f}" if millions >= 1 else f"{millions:.3g}"


def layer_rows(facts: LayerFacts) -> Iterator[list[str]]:
    """Return the table's rows for one layer, those inside it indented."""
    from dlbench.geometry import show

    layer = facts.layer
    yield [
        layer.name,
        show(layer.output_shape),
        f"{facts.parameter_count:,}" if facts.parameter_count else "",
        megaflops(facts.forward_flops),
        megaflops(facts.training_flops),
    ]
    for inner in layer.layers:
        yield [f"  {inner.name} (each step)", show(inner.output_shape), "", "", ""]


def for_json(scenario: Scenario, network: Network) -> dict[str, Any]:
    """Return a checked scenario as JSON shows it."""
    return {
        "name": scenario.name,
        "file": scenario.file,
        "digest": scenario.digest,
        "values": scenario.values,
        "layers": [
            {
                "name": facts.layer.name,
                "kind": facts.layer.kind,
                "inputs": list(facts.layer.inputs),
                "output_shape": list(facts.layer.output_shape),
                "parameter_count": facts.parameter_count,
                "forward_flops": facts.forward_flops,
                "training_flops": facts.training_flops,
            }
            for facts in network.layers
        ],
        "parameter_count": network.parameter_count,
        "forward_flops": network.forward_flops,
        "training_flops": network.training_flops,
    }
