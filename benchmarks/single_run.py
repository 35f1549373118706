"""One cell executed by itself, as ``dlbench run`` would, for benchmarks that keep its record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from dlbench.campaign import PlanChange
from dlbench.catalog import Catalog
from dlbench.cells import Request
from dlbench.cli.session import Options, Session
from dlbench.errors import DlbenchError, StoppedError, TerminatedError
from dlbench.framework import Framework, Image
from dlbench.record import Record
from dlbench.rounds import ONCE
from dlbench.store import Store


class Attempt(Struct, frozen=True, kw_only=True):
    """The record of one cell that was executed, and what is wrong with it, if anything is."""

    record: Record
    error: DlbenchError | None


def execute(
    request: Request,
    *,
    timeout_seconds: float | None = None,
    epochs: int | None = None,
    parity: bool = True,
) -> Record:
    """Execute the one cell that ``request`` asks for; return its record.

    Raises DlbenchError where it did not end well.
    """
    found = attempt(request, timeout_seconds=timeout_seconds, epochs=epochs, parity=parity)
    if found.error is not None:
        raise found.error
    return found.record


def attempt(
    request: Request,
    *,
    timeout_seconds: float | None = None,
    epochs: int | None = None,
    parity: bool = True,
) -> Attempt:
    """Execute the one cell that ``request`` asks for; raises DlbenchError where nothing was."""
    with tempfile.TemporaryDirectory(prefix="dlbench-single-") as name:
        change = PlanChange(rounds=ONCE, epochs=epochs, timeout_seconds=timeout_seconds)
        options = Options(
            plan_change=change,
            engine="docker",
            python=None,
            wheels=(),
            memory_bytes=None,
            keep=False,
            dry_run=False,
            as_json=False,
            results=Path(name),
            parity=parity,
        )
        error = None
        try:
            Session([request], options).execute()
        except (StoppedError, TerminatedError):
            raise
        except DlbenchError as caught:
            error = caught
        store = Store(Path(name))
        runs = [run for run in store.select().runs if run.kind == "measurement"]
        if not runs and error is not None:
            raise error
        return Attempt(record=store.load(runs[0].run_id), error=error)


def list_images(catalog: Catalog, frameworks: Iterable[str]) -> Iterator[tuple[Framework, Image]]:
    """Yield every image for the CPU of the frameworks, or of all where none is named."""
    for name in frameworks or catalog.frameworks:
        framework = catalog.find(name).framework
        for image in framework.images:
            if "cpu" in image.devices:
                yield framework, image


def spell(framework: Framework, image: Image) -> str:
    """Return a framework with the image that is meant, as a command line names it."""
    return f"{framework.name}=={image.id}"
