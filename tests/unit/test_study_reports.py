"""The reports under docs/studies come out the same from the records that lie beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from study_evidence import STUDIES

from dlbench import published, studies
from dlbench.reproduction import NAME
from dlbench.study_figures import Evidence
from dlbench.study_report import RECORDS, gather_evidence, read_folder, render_report
from dlbench.study_tables import tabulate_study
from dlbench.tables import render

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "docs" / "studies").glob(f"*/{NAME}"))


def test_there_are_reports() -> None:
    assert FOLDERS


def gather(folder: Path) -> Evidence:
    found, records = read_folder(folder)
    study = studies.load(found.study, [STUDIES])
    return gather_evidence(study, found, records, published.load([STUDIES]), [STUDIES])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_report_follows_from_its_records(folder: Path) -> None:
    evidence = gather(folder)
    texts = {
        "report.md": render_report(evidence),
        "tables.csv": render(tabulate_study(evidence), "csv") + "\n",
    }
    for name, text in texts.items():
        if os.environ.get("UPDATE_GOLDEN"):
            (folder / name).write_text(text, encoding="utf-8")
        assert (folder / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_records_are_those_of_the_places_and_have_their_events(folder: Path) -> None:
    found, records = read_folder(folder)
    kept = {path.stem for path in (folder / RECORDS).glob("*.json")}
    assert kept == set(found.list_runs())
    for record in records:
        assert record.events
        assert record.image.engine_id
    by_id = {record.run_id: record for record in records}
    for place in found.places:
        assert bool(place.runs) != bool(place.reason)
        for run in place.runs:
            record = by_id[run]
            assert record.cell.scenario == place.scenario
            assert record.cell.image_id == place.image
            assert place.axes.items() <= {**record.scenario.values, **record.cell.axes}.items()
