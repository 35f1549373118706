"""The report of a study: a folder with tables, plots, and the records that all of it comes from.

    report.md            tables and plots, for people
    tables.csv           every figure with every digit
    <table>.png, .svg    a plot of each table that has something measured
    reproduction.json    which runs stand in which place, and why others have none
    records/<run>.json   redacted

Report and tables can be computed again from the last two, and come out the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from dlbench import reproduction, source_lines
from dlbench.errors import StoreError
from dlbench.published import Published, PublishedRow
from dlbench.record import Record
from dlbench.redaction import Secrets, redact, redact_text
from dlbench.reproduction import Reproduction
from dlbench.rows import describe_versions
from dlbench.store import encode_record, read_record, write_whole
from dlbench.studies import Figure, Study
from dlbench.study_figures import Evidence, FilledTable, fill_tables
from dlbench.study_plots import plot_table
from dlbench.study_tables import describe_machine, lay_out, spell_row, tabulate_study
from dlbench.summary import RunSummary, summarize
from dlbench.tables import render

REPORT = "report.md"
TABLES = "tables.csv"
RECORDS = "records"
TEMPLATE = "study_report.md.j2"


def gather_evidence(
    study: Study,
    found: Reproduction,
    records: Iterable[Record],
    published: Published,
    studies: Iterable[Path],
) -> Evidence:
    """Return what the tables of ``study`` come from; ``studies`` are the folders of studies.

    Raises UnknownNameError where nothing is known to be published of it.
    """
    return Evidence(
        study=study,
        published=published.study(study.published),
        reproduction=found,
        runs={record.run_id: summarize(record) for record in records},
        source_lines=source_lines.load(studies),
    )


def read_folder(folder: Path) -> tuple[Reproduction, list[Record]]:
    """Return what a report's folder keeps of the runs; raises StoreError."""
    found = reproduction.read(folder / reproduction.NAME)
    records = [read_record(folder / RECORDS / f"{run}.json") for run in found.list_runs()]
    return found, records


def write_report(
    folder: Path, evidence: Evidence, records: Sequence[Record], secrets: Secrets
) -> list[Path]:
    """Write everything into ``folder`` and return the files; raises OSError.

    Nothing of it has what ``secrets`` names.  Files of an earlier report are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = [redact(record, secrets) for record in records]
    evidence = msgspec.structs.replace(
        evidence,
        reproduction=redact_reasons(evidence.reproduction, secrets),
        runs={record.run_id: summarize(record) for record in clean},
    )
    forget_records(folder, {record.run_id for record in clean})
    written = list(write_records(folder / RECORDS, clean))
    kept = folder / reproduction.NAME
    write_whole(kept, reproduction.encode(evidence.reproduction))
    for filled in fill_tables(evidence):
        written += plot_table(filled, folder, f"{evidence.study.name}: {filled.table.title}")
    texts = {
        folder / TABLES: render(tabulate_study(evidence), "csv") + "\n",
        folder / REPORT: render_report(evidence),
    }
    for path, text in texts.items():
        write_whole(path, text.encode())
    return [*written, kept, *texts]


def redact_reasons(found: Reproduction, secrets: Secrets) -> Reproduction:
    """Return ``found`` with reasons that give away neither folders nor addresses."""
    places = [
        msgspec.structs.replace(place, reason=redact_text(place.reason, secrets))
        for place in found.places
    ]
    return msgspec.structs.replace(found, places=tuple(places))


def write_records(folder: Path, records: Sequence[Record]) -> Iterator[Path]:
    """Write the records and yield their files."""
    for record in records:
        path = folder / f"{record.run_id}.json"
        write_whole(path, encode_record(record))
        yield path


def forget_records(folder: Path, wanted: Collection[str]) -> None:
    """Remove the records of an earlier report in ``folder`` but those of the ``wanted`` runs.

    Only what that report names is removed: other files there are not dlbench's.
    """
    with contextlib.suppress(StoreError):
        for run in reproduction.read(folder / reproduction.NAME).list_runs():
            if run not in wanted and re.fullmatch(r"\w+", run):
                (folder / RECORDS / f"{run}.json").unlink(missing_ok=True)


def render_report(evidence: Evidence) -> str:
    """Return the report as Markdown."""
    from jinja2 import Environment, StrictUndefined

    # Markdown, not HTML: what looks like a tag is text that a table shows.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    text = files("dlbench").joinpath(TEMPLATE).read_text(encoding="utf-8")
    filled = fill_tables(evidence)
    return environment.from_string(text).render(
        study=evidence.study,
        published=evidence.published,
        found=evidence.reproduction,
        images=list(list_images(evidence)),
        sections=[describe_section(one, evidence) for one in filled],
        others=list(list_others(evidence)),
        runs=list(list_runs(evidence)),
    )


def describe_section(filled: FilledTable, evidence: Evidence) -> dict[str, Any]:
    """Return what the report says of one table."""
    is_drawn = any(entry.measured for entry in filled.list_entries())
    return {
        "title": filled.table.title,
        # The heading has the table's title.
        "table": render([lay_out(filled, evidence)], "github").partition("\n")[2].strip(),
        "plots": [f"{filled.table.name}.svg"] if is_drawn else [],
    }


def list_others(evidence: Evidence) -> Iterator[str]:
    """Yield what was published and stands in none of the tables."""
    figures = [figure for table in evidence.study.tables for figure in table.figures]
    for row in evidence.published.rows:
        if not any(is_covered(row, figure) for figure in figures):
            yield spell_other(row)


def is_covered(row: PublishedRow, figure: Figure) -> bool:
    """Return whether a table of the study has a place for ``row``."""
    return row.measure == figure.measure and row.scenario in {figure.scenario, ""}


def spell_other(row: PublishedRow) -> str:
    """Return a published row in one line."""
    axes = [f"{name} {value}" for name, value in row.axes.items()]
    about = ", ".join(part for part in (row.scenario, row.name, *axes) if part)
    said = spell_row(row, row.kind.table_unit) if row.has_figure else row.claim
    if row.order:
        said = "; ".join(part for part in (f"the best first: {', '.join(row.order)}", said) if part)
    note = f" ({row.note})" if row.note else ""
    return f"{row.kind.title}{f' of {about}' if about else ''}: {said}{note}"


def list_images(evidence: Evidence) -> Iterator[str]:
    """Yield each image with its versions and the machine that it ran on."""
    said = set()
    for run in evidence.runs.values():
        image, versions = run.cell.image_id, describe_versions(run.conditions)
        text = f"{image} ({versions}) on {describe_machine(run)}"
        if text not in said:
            said.add(text)
            yield text


def list_runs(evidence: Evidence) -> Iterator[dict[str, str]]:
    """Yield every run of the tables, as the report lists it."""
    for place in evidence.reproduction.places:
        axes = "".join(f" {name}={value}" for name, value in place.axes.items())
        for run_id in place.runs:
            run: RunSummary = evidence.runs[run_id]
            yield {
                "id": run_id,
                "cell": f"{place.scenario} {place.line}{axes}",
                "image": place.image,
                "seconds": f"{run.wall_seconds:.1f}",
            }
