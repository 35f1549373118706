"""Real runs of one cell each, in the order of time, from which A/A campaigns are resampled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from judging_noise import Array, draw_swaps

from dlbench.judgement import ROUNDS_AT_MOST
from dlbench.metrics import METRICS
from dlbench.record import Record
from dlbench.store import decode_record
from dlbench.summary import summarize

#: The metric that is judged.
METRIC = "step"


class RealRun(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one record."""

    started: str
    round: int
    step_seconds: float
    #: CPU seconds that other processes used while it ran, and how long it ran.
    foreign_cpu_seconds: float | None
    wall_seconds: float


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of one cell, oldest first."""

    framework: str
    image: str
    context_digest: str
    axes: dict[str, str]
    runs: list[RealRun]

    @property
    def logs(self) -> Array:
        """The logarithm of each run's time."""
        return np.log([run.step_seconds for run in self.runs])

    @property
    def paired_deviation(self) -> float:
        """The standard deviation of the logarithm of a ratio of neighbouring runs."""
        logs = self.logs
        return float(np.std(np.diff(logs), ddof=1))

    @property
    def foreign_share(self) -> float:
        """How many CPUs other processes kept busy, as the median over runs."""
        shares = [
            run.foreign_cpu_seconds / run.wall_seconds
            for run in self.runs
            if run.foreign_cpu_seconds is not None
        ]
        return float(np.median(shares)) if shares else float("nan")


class RealRuns(msgspec.Struct, frozen=True, kw_only=True):
    """Series with how they came to be."""

    #: The command, without folders, and the revision of dlbench that executed it.
    made_by: str
    revision: str
    machine: str
    series: list[Series]


def read_runs(path: Path) -> RealRuns:
    """Read a file that ``keep_runs`` wrote, or the records in a folder."""
    if path.is_file():
        return msgspec.json.decode(path.read_bytes(), type=RealRuns)
    records = sorted(read_records(path), key=lambda record: record.started)
    cells: dict[str, list[Record]] = {}
    for record in records:
        cells.setdefault(summarize(record).conditions.cell_key, []).append(record)
    series = [describe_cell(members) for members in cells.values()]
    if not records:
        return RealRuns(made_by="", revision="", machine="", series=[])
    machine = records[0].environment
    return RealRuns(
        made_by=" ".join(strip_paths(records[0].provenance.command_line)),
        revision=records[0].provenance.git_revision or "",
        machine=f"{machine.cpu_model}, {machine.cpu_count} CPUs, {machine.virtualization}",
        series=[one for one in series if len(one.runs) >= 2 * ROUNDS_AT_MOST],
    )


def strip_paths(command_line: tuple[str, ...]) -> Iterator[str]:
    """Yield the command line without the folders of the machine that it ran on."""
    yield "dlbench"
    words = iter(command_line[1:])
    for word in words:
        if word == "--results":
            next(words, None)
        else:
            yield word.rpartition("/")[2]


def read_records(folder: Path) -> Iterator[Record]:
    """Yield the measurements below ``folder`` that ended well."""
    for path in folder.rglob("*.json"):
        record = decode_record(path.read_bytes(), str(path))
        if record.outcome.ok and record.kind == "measurement":
            yield record


def describe_cell(records: list[Record]) -> Series:
    """Return what is kept of the records of one cell."""
    first = records[0]
    return Series(
        framework=first.cell.framework,
        image=first.cell.image_id,
        context_digest=first.image.context_digest,
        axes=first.cell.axes,
        runs=[run for record in records if (run := describe_run(record)) is not None],
    )


def describe_run(record: Record) -> RealRun | None:
    """Return what is kept of one record, None where it did not measure the metric."""
    seconds = METRICS[METRIC].read(summarize(record))
    if seconds is None:
        return None
    during: dict[str, Any] = record.environment.during
    return RealRun(
        started=record.started,
        round=record.round,
        step_seconds=seconds,
        foreign_cpu_seconds=during.get("foreign_cpu_seconds"),
        wall_seconds=record.outcome.wall_seconds,
    )


def keep_runs(runs: RealRuns, path: Path) -> None:
    """Write ``runs`` to one file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")


def resample_whole(series: Series, generator: np.random.Generator, campaigns: int) -> Array:
    """Return differences by round of campaigns that are pieces of ``series`` as they happened.

    A campaign begins at a run drawn at random; every two runs that follow are a round, and which
    of them is the first cell's is drawn as campaigns draw it.
    """
    logs = series.logs
    begins = generator.integers(0, len(logs) - 2 * ROUNDS_AT_MOST + 1, campaigns)
    places = begins[:, None] + np.arange(2 * ROUNDS_AT_MOST)
    return swap_neighbours(logs[places].reshape(campaigns, ROUNDS_AT_MOST, 2), generator)


def resample_rounds(series: Series, generator: np.random.Generator, campaigns: int) -> Array:
    """Return differences of campaigns whose every round is drawn anew: two neighbouring runs."""
    logs = series.logs
    begins = generator.integers(0, len(logs) - 1, (campaigns, ROUNDS_AT_MOST))
    return swap_neighbours(np.stack([logs[begins], logs[begins + 1]], axis=-1), generator)


def swap_neighbours(runs: Array, generator: np.random.Generator) -> Array:
    """Return the differences of the two runs of each round, in an order drawn for each.

    ``runs`` has the shape (campaigns, rounds, 2).
    """
    differences = runs[..., 0] - runs[..., 1]
    return np.where(draw_swaps(generator, *differences.shape), -differences, differences)
