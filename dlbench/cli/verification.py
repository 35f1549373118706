"""What ``dlbench verify`` does: plan, images, parity runs, table."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence

import msgspec

from dlbench.cells import Cell, RefusedCell
from dlbench.checks import find_worst, spell_result
from dlbench.cli.display import Display, spell_image
from dlbench.cli.interruption import Interruption
from dlbench.cli.plan import show_cells
from dlbench.cli.session import Session
from dlbench.errors import (
    ImageError,
    ParityError,
    RunsFailedError,
    StoppedError,
    TerminatedError,
)
from dlbench.oracle import find_oracle, find_oracles
from dlbench.preparation import JOB_AXES, Preparation, cell_facts
from dlbench.record import ParityFacts
from dlbench.runner import new_id


class VerificationSession(Session):
    """One ``dlbench verify``."""

    def execute(self) -> None:
        """Do all of it; raises the DlbenchError that states how it ended, unless all passed."""
        with Display() as display:
            settled = self.settle(display)
            if settled is None:
                return
            cells, _, preparation = settled
            find_oracle(self.catalog)
            built, errors = self.build(cells, preparation)
            with Interruption(preparation.engine) as interruption:
                verifier = self.make_verifier(
                    preparation, self.choose(new_id()), interruption, display
                )
                found = verifier.verify(built)
            self.signalled = interruption.signalled
        verified = [cell for cell, _ in built]
        if self.options.as_json:
            print(json.dumps(make_report(verified, found), indent=2))
        else:
            print_verdicts(verified, found)
        self.conclude_verdicts(found, errors)

    def show_plan(
        self, display: Display, cells: Sequence[Cell], refused: Sequence[RefusedCell]
    ) -> None:
        """Say what will be verified, and what will not."""
        show_cells(display, "verify", cells, refused)

    def show_missing(
        self, display: Display, cells: Sequence[Cell], preparation: Preparation
    ) -> None:
        """Say which images are not there yet; parity needs no datasets."""
        for line in preparation.list_missing_images([*cells, *find_oracles(cells, self.catalog)]):
            display.note(line)

    def conclude_verdicts(self, found: Sequence[ParityFacts], errors: Sequence[ImageError]) -> None:
        """Raise the error that states how it ended, unless all passed."""
        if self.signalled is not None:
            kind = TerminatedError if self.signalled == signal.SIGTERM else StoppedError
            raise kind("ended early", "verdicts that were reached are kept")
        if errors:
            raise errors[0]
        failed = [facts for facts in found if facts.verdict == "failed"]
        if failed:
            raise ParityError(
                f"parity failed for {len(failed)} of {len(found)} cells",
                "\n".join(dict.fromkeys(f"dlbench show {facts.run_id}" for facts in failed)),
            )
        missing = [facts for facts in found if facts.verdict == "not run"]
        if missing:
            shown = dict.fromkeys(
                f"dlbench show {facts.run_id}" if facts.run_id else facts.reason
                for facts in missing
            )
            raise RunsFailedError(
                f"parity could not be checked for {len(missing)} of {len(found)} cells",
                "\n".join(shown),
            )


def make_report(cells: Sequence[Cell], found: Sequence[ParityFacts]) -> list[object]:
    """Return every cell with its verdict and all checks, as JSON shows them."""
    return [
        {
            "cell": msgspec.to_builtins(cell_facts(cell)),
            "parity": msgspec.to_builtins(facts),
        }
        for cell, facts in zip(cells, found, strict=True)
    ]


def print_verdicts(cells: Sequence[Cell], found: Sequence[ParityFacts]) -> None:
    """Print a line for each cell, then every check that did not simply pass."""
    from tabulate import tabulate

    header = ("scenario", "framework", "image", "axes", "parity", "nearest to its bound", "run")
    rows = [
        (
            cell.scenario.name,
            cell.entry.framework.name,
            cell.image.id,
            describe_axes(cell),
            facts.verdict,
            describe_worst(facts),
            facts.run_id or "none",
        )
        for cell, facts in zip(cells, found, strict=True)
    ]
    print(tabulate(rows, headers=header, disable_numparse=True))
    for cell, facts in zip(cells, found, strict=True):
        lines = list_remarks(facts)
        if lines:
            image = spell_image(cell.entry.framework.name, cell.image.id)
            print(f"\n{cell.scenario.name} on {image} {describe_axes(cell)}".rstrip())
        for line in lines:
            print(f"  {line}")


def describe_axes(cell: Cell) -> str:
    """Return the axes that a verdict depends on."""
    free = JOB_AXES - {"batch_size"}
    return " ".join(f"{name}={value}" for name, value in cell.variant.items() if name not in free)


def describe_worst(facts: ParityFacts) -> str:
    """Return the check that says most about a verdict."""
    worst = find_worst(facts.checks)
    if worst is None or worst.difference is None or worst.bound is None:
        return "none"
    return f"{worst.name}: {float(worst.difference):.2g} of {worst.bound:.2g}"


def list_remarks(facts: ParityFacts) -> list[str]:
    """Return a line for each check that a reader must know of, or why there is none."""
    if facts.verdict == "not run":
        return [f"not run: {facts.reason}"]
    return [
        f"{check.name}: {spell_result(check)}"
        for check in facts.checks
        if check.status != "passed" or check.detail
    ]
