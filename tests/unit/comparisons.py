"""Records to compare, and ways to look into a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from records import (
    each,
    make_cell,
    make_environment,
    make_failure,
    make_phases,
    make_record,
    make_result,
    make_step_job,
)

from dlbench.compare import Question, compare
from dlbench.peaks import PRODUCT
from dlbench.record import Record
from dlbench.scenario import Plan
from dlbench.summary import summarize
from dlbench.tables import Table

NHWC = {"layout": "NHWC", "batch_size": "16"}
NCHW = {"layout": "NCHW", "batch_size": "16"}


def make_run(run_id: str, step: float = 0.5, framework: str = "torch", **changes: Any) -> Record:
    """Return a record whose step takes ``step`` seconds; ``axes`` and the like go to its cell."""
    fields = {name: changes.pop(name) for name in list(changes) if name in CELL_FIELDS}
    phases = changes.pop("phases", None) or make_phases(step)
    cell = make_cell(framework, **fields)
    versions = {framework: cell.image_id.rpartition("-")[2], "python": "3.11.2"}
    result = make_result(phases, versions=versions, **changes.pop("result", {}))
    return make_record(run_id, cell=cell, result=result, **changes)


#: Of the job that all these records have: FLOPs of a step, bytes of the weights.
FLOPS = 2 * 16 * 2 * 12
WEIGHT_BYTES = 4 * 15


def make_calibration(
    run_id: str, seconds: float, scenario: str = PRODUCT, campaign: str = "k1", **changes: Any
) -> Record:
    """Return a calibration run whose quickest step takes ``seconds``."""
    steps = each("step", [seconds * 1.5, seconds, seconds * 1.2, "inf"])
    phases = [steps if phase.name == "step" else phase for phase in make_phases()]
    record = make_run(run_id, scenario=scenario, phases=phases, campaign=campaign, **changes)
    return msgspec.structs.replace(record, kind="calibration")


CELL_FIELDS = {"axes", "scenario", "image_id", "device", "not_applicable", "quick", "stack"}


def make_rounds(
    framework: str, step: float, noise: Sequence[float], **changes: Any
) -> list[Record]:
    """Return a run of one cell in each of as many rounds as ``noise`` has factors."""
    return [
        make_run(f"{framework}{number}", step * factor, framework, round=number, **changes)
        for number, factor in enumerate(noise, start=1)
    ]


def make_odd_records() -> list[Record]:
    """Return a campaign of five rounds with everything that can go well or wrong."""
    records = []
    for number, drift in enumerate((1.0, 1.04, 0.97, 1.02, 0.99), start=1):
        common: dict[str, Any] = {"round": number, "started": f"2026-11-01T10:0{number}:00+00:00"}
        # Every cell has the drift of the round, and some noise of its own.
        noise = [drift * (1 + 0.001 * ((number * step) % 5 - 2)) for step in (1, 2, 3, 4)]
        records += [
            make_run(f"a{number}", 0.47 * noise[0], axes=NHWC, **common),
            make_run(f"b{number}", 0.50 * noise[1], axes=NCHW, **common),
            make_run(
                f"c{number}", 0.45 * noise[2], "tensorflow", axes=NHWC | {"xla": "off"}, **common
            ),
            make_run(
                f"d{number}", 0.475 * noise[3], "tensorflow", axes=NHWC | {"xla": "on"}, **common
            ),
        ]
    late: dict[str, Any] = {"started": "2026-11-01T10:09:00+00:00"}
    odd = {"axes": {"batch_size": "16"}, "not_applicable": ("layout",)}
    epochs = Plan(**plan_fields(epochs=1, steps_per_epoch=60))
    records += [
        make_failure("b4", "timeout", "missing", cell=make_cell(axes=NCHW), round=4, **late),
        make_failure("e1", "timeout", "missing", cell=make_cell("numpy", **odd), **late),
        make_failure("f1", "oom", "missing", cell=make_cell("caffe", **odd), **late),
        make_failure("g1", "interrupted", "missing", cell=make_cell("cntk", **odd), **late),
        make_failure("h1", "lost", "missing", cell=make_cell("mxnet", **odd), **late),
        make_failure(
            "i1",
            status="unsupported",
            detail="Theano has no NHWC convolution",
            cell=make_cell("theano", axes=NHWC),
            **late,
        ),
        make_failure(
            "j1",
            detail="RuntimeError: a message so long that no table can hold all of it | and a pipe",
            cell=make_cell("jax", **odd),
            **late,
        ),
        make_failure(
            "k1",
            status="missing",
            detail="the worker exited with code 139 (SIGSEGV) and left no result",
            cell=make_cell("paddle", **odd),
            **late,
        ),
        make_failure(
            "l1",
            status="invalid",
            detail="result.json does not follow the protocol",
            cell=make_cell("chainer", **odd),
            **late,
        ),
        make_run(
            "m1",
            2.0,
            "own",
            quick=True,
            **odd,
            **late,
            job=make_step_job(plan=epochs),
            environment=make_environment(host="looking-glass"),
            result={"audit": {"losses_finite": {"passed": False}}},
            phases=make_phases(2.0, loss=each("loss", [2.3, "nan"], "1")),
        ),
    ]
    unpinned = msgspec.structs.replace(records[-1].image, pinned=False, wheels=("own-1.whl",))
    records[-1] = msgspec.structs.replace(records[-1], image=unpinned)
    return records


def plan_fields(**changes: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(make_step_job().plan) | changes


def tables(records: Sequence[Record], **question: Any) -> list[Table]:
    ordered = sorted(map(summarize, records), key=lambda run: (run.started, run.run_id))
    return compare(ordered, Question(**question))


def cells(table: Table, column: str) -> list[Any]:
    place = [one.name for one in table.columns].index(column)
    return [row[place] for row in table.rows]


def rows(table: Table) -> dict[str, dict[str, Any]]:
    """Return the rows by framework."""
    names = [column.name for column in table.columns]
    found = [dict(zip(names, row, strict=True)) for row in table.rows]
    return {str(row["framework"]): row for row in found}
