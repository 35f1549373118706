"""How a campaign ended: the error, and so the exit code, that states it."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from dlbench.campaign import failures
from dlbench.errors import (
    DlbenchError,
    ParityError,
    RunsFailedError,
    StoppedError,
    TerminatedError,
)
from dlbench.record import Record


def conclude(
    records: Sequence[Record], errors: Sequence[DlbenchError], signalled: int | None
) -> None:
    """Raise what states how a campaign ended, unless all went well.

    The cells that did not do the scenario's work are named whatever else happened; they decide the
    exit code where nothing else does.
    """
    from dlbench.rows import pool
    from dlbench.standings import list_barred
    from dlbench.summary import summarize

    rows = pool(summarize(record) for record in records if record.kind == "measurement")
    barred = list_barred(rows)
    said = (
        f"{len(barred)} of {len(rows)} cells did not do the scenario's work, and are barred from "
        "ranks"
    )
    error = find_error(records, errors, signalled)
    if error is None and barred:
        raise ParityError(said, "\n".join(barred))
    if error is not None and barred:
        error.hint = "\n".join([*error.hint.splitlines(), f"{said}:", *barred])
    if error is not None:
        raise error


def find_error(
    records: Sequence[Record], errors: Sequence[DlbenchError], signalled: int | None
) -> DlbenchError | None:
    """Return what kept a campaign from being whole, None where nothing did."""
    if signalled is not None:
        kind = TerminatedError if signalled == signal.SIGTERM else StoppedError
        return kind(
            f"ended early after {len(records)} runs",
            "what was measured is kept: dlbench list results",
        )
    if errors:
        return errors[0]
    failed = failures(records)
    if not failed:
        return None
    return RunsFailedError(
        f"{len(failed)} of {len(records)} runs did not end well",
        "\n".join(f"dlbench show {record.run_id}" for record in failed),
    )
