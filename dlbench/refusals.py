"""Records of what was refused: nothing was executed, yet a later table can say why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from dlbench.cells import Cell, RefusedCell
from dlbench.errors import DlbenchError
from dlbench.preparation import cell_facts, find_known, make_job
from dlbench.record import ImageFacts, Outcome, ParityFacts, Record
from dlbench.runner import new_id


def record_refusals(refused: Iterable[RefusedCell], records: Sequence[Record]) -> Iterator[Record]:
    """Yield a record for each cell of ``refused`` that has company among ``records``.

    Those are the records of the same campaign; what the cell shares with them is theirs.  A cell
    of a scenario of which nothing was executed has no table to stand in, and so no record.
    """
    company = {record.scenario.digest: record for record in records if record.kind == "measurement"}
    for refusal in refused:
        like = company.get(refusal.cell.scenario.digest)
        if like is not None:
            # Not every refused variant makes sense enough for a job.
            with contextlib.suppress(DlbenchError, ValueError):
                yield record_refusal(refusal, like)


def record_refusal(refusal: RefusedCell, like: Record) -> Record:
    """Return the record of a cell that was refused, on the machine and by the plan of ``like``.

    Raises ScenarioError or ValueError where not even its job can be made.
    """
    cell = refusal.cell
    run_id = new_id()
    job = make_job(cell, like.job.data, like.job.plan)
    machine: dict[str, object] = {
        "load_before": None,
        "load_after": None,
        "frequency_mhz": None,
        "during": {},
    }
    return msgspec.structs.replace(
        like,
        run_id=run_id,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        round=1,
        cell=cell_facts(cell),
        scenario=msgspec.structs.replace(
            like.scenario, values=dict(cell.scenario.values), known=find_known(cell)
        ),
        image=describe_image(cell, pinned=like.image.pinned),
        job=msgspec.structs.replace(job, run_id=run_id),
        outcome=Outcome(how="refused", status="unsupported", detail=refusal.reason),
        result=None,
        events=[],
        environment=msgspec.structs.replace(like.environment, **machine),
        parity=ParityFacts(verdict="not run", reason="the cell is refused"),
    )


def describe_image(cell: Cell, *, pinned: bool) -> ImageFacts:
    """Return what is known of an image that nobody has built for this."""
    return ImageFacts(
        image_id=cell.image.id,
        device=cell.device,
        tag="",
        context_digest="",
        engine_id="",
        pinned=pinned,
        versions=dict(cell.image.versions),
    )
