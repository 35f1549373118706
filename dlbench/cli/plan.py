"""The plan that a command shows before it starts: what will be done, on what, and what will not."""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.campaign import PlanChange
from dlbench.cells import Cell, RefusedCell
from dlbench.cli.display import Display, describe_cell
from dlbench.description import describe_plan
from dlbench.preparation import cell_facts
from dlbench.scenario import Plan


def show_plan(
    display: Display,
    cells: Sequence[Cell],
    refused: Sequence[RefusedCell],
    change: PlanChange,
) -> None:
    """Say what will be executed, on which image and versions, and what will not, and why."""
    show_cells(display, "run", cells, refused)
    for cell in {cell.scenario.name: cell for cell in cells}.values():
        described = describe_plan(change.apply(find_plan(cell)), quick=cell.quick)
        display.note(f"plan     {cell.scenario.name}: {described}, {describe_rounds(cell, change)}")


def show_cells(
    display: Display, verb: str, cells: Sequence[Cell], refused: Sequence[RefusedCell]
) -> None:
    """Say of which cells ``verb`` will be done, on what, and of which not, and why."""
    for cell in cells:
        display.note(f"{verb:<8} {describe_cell(cell_facts(cell))}")
        versions = ", ".join(f"{name} {value}" for name, value in cell.image.versions.items())
        display.note(f"         {versions}; {cell.image_choice}")
        for name in cell.not_applicable:
            display.note(f"         {name}: not applicable")
    for refusal in refused:
        display.note(f"refused  {describe_cell(cell_facts(refusal.cell))}")
        display.note(f"         {refusal.reason}")


def find_plan(cell: Cell) -> Plan:
    """Return the plan of the scenario that ``cell`` follows."""
    return cell.scenario.plans["quick" if cell.quick else "full"]


def describe_rounds(cell: Cell, change: PlanChange) -> str:
    """Say how many rounds a cell has, and how to have others where nobody has asked for these."""
    usual, rounds = find_plan(cell).span, change.apply(find_plan(cell)).span
    words = f"{rounds} {'round' if rounds.at_most == 1 else 'rounds'}"
    if change.rounds is None and rounds != usual:
        return f"{words} (a look; for verdicts: --rounds {usual.at_least}..{usual.at_most})"
    if change.rounds is None and rounds.at_most > rounds.at_least:
        return f"{words} (until verdicts; for a look: --rounds 1)"
    return words
