"""Study files: those that are shipped, and what is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_evidence import STUDIES

from dlbench import published, scenario, studies
from dlbench.catalog import load_catalog
from dlbench.errors import ScenarioError, UnknownNameError
from dlbench.study_cells import Asked, choose_lines, plan_places

SCENARIOS = STUDIES.parent / "scenarios"

GOOD = """
format: 1
name: own
title: Own
summary: For tests
published: own
work:
  - {scenario: rows, axes: {depth: [1, 2], flag: [off]}}
rows:
  - {title: Faulty, framework: faulty, axes: {fault: none}}
tables:
  - name: t
    title: T
    across: depth
    figures: [{title: a, scenario: rows, metric: step, measure: time_ms}]
"""


def read(folder: Path, text: str) -> studies.Study:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return studies.load("own", [folder])


def test_axes_are_spelled_as_users_type_them(tmp_path: Path) -> None:
    study = read(tmp_path, GOOD)
    assert list(study.work[0].combinations()) == [
        {"depth": "1", "flag": "off"},
        {"depth": "2", "flag": "off"},
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("metric: step", "metric: stop", "unknown metric 'stop'; did you mean 'step'?"),
        ("across: depth", "across: width", "rows has no axis 'width' here"),
        ("across: depth", "", "table t: a: which value of depth? name one in axes"),
        ("[1, 2]", "[]", "work: rows: an axis has no values"),
        ("figures: [{title: a, scenario: rows", "figures: [{title: a, scenario: row", "'row'"),
        ("measure: time_ms}", "measure: time_ms, axes: {flag: on}}", "flag=on is not executed"),
        ("title: Faulty", "label: Faulty", "label"),
        ("format: 1", "format: 2", "format: 2, this dlbench reads 1"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert said in error.value.message
    assert f"{tmp_path}/own.yaml: " in error.value.message
    assert error.value.hint == "mend it, then: dlbench reproduce own --dry-run"


def test_an_unknown_study_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown study 'titanx'") as error:
        studies.load("titanx", [STUDIES])
    assert error.value.hint == "did you mean 'titanx-2017'?"


def test_the_files_beside_the_studies_are_none() -> None:
    assert list(studies.names([STUDIES])) == [
        "fcnn-mnist-2016",
        "keras-backends-2017",
        "titanx-2017",
        "vgg-toy-2015",
    ]


@pytest.mark.parametrize("name", studies.names([STUDIES]))
def test_a_shipped_study_fits_its_scenarios(name: str) -> None:
    study = studies.load(name, [STUDIES])
    for work in study.work:
        found = scenario.load(SCENARIOS / f"{work.scenario}.yaml")
        known = {parameter.name: set(parameter.values) for parameter in found.parameters}
        for axis, values in work.axes.items():
            assert axis == "batch_size" or set(values) <= known[axis]


@pytest.mark.parametrize("name", studies.names([STUDIES]))
def test_a_shipped_study_has_a_row_for_whatever_was_published(name: str) -> None:
    study = studies.load(name, [STUDIES])
    rows = {(row.framework, row.axes.get("backend", "")) for row in study.rows}
    stated = published.load([STUDIES]).study(study.published)
    named = {(row.framework, row.backend) for row in stated.rows if row.framework}
    assert named <= rows
    assert {row.framework for row in study.rows if row.beyond} <= {
        "torch",
        "tensorflow",
        "deeplearning4j",
    }


@pytest.mark.parametrize("name", studies.names([STUDIES]))
def test_every_row_of_a_shipped_study_has_its_cells(name: str) -> None:
    study = studies.load(name, [STUDIES])
    places = plan_places(study, Asked(), load_catalog(), [SCENARIOS])
    lost = {(one.line.key, one.reason) for one in places if one.cell is None or one.reason}
    assert lost == set()


def list_keys(study: studies.Study, *frameworks: str, stack: str | None = None) -> list[str]:
    asked = Asked(frameworks=frameworks, stack=stack)
    return [line.key for line, _ in choose_lines(study, asked)]


def test_which_lines_are_wanted() -> None:
    study = studies.load("titanx-2017", [STUDIES])
    assert len(list_keys(study)) == len(study.rows)
    assert list_keys(study, "tensorflow:xla=on") == [
        "tensorflow==1.15.0+intel:layout=NHWC,xla=on",
        "tensorflow==1.15.0+intel:layout=NCHW,xla=on",
        "tensorflow==2.21.0:layout=NHWC,xla=on",
    ]
    assert list_keys(study, "torch:compile=on,off,layout=NHWC") == [
        "torch==2.13.0:layout=NHWC,compile=on",
        "torch==2.13.0:layout=NHWC,compile=off",
    ]
    assert list_keys(study, "tensorflow==1.0.0:layout=NHWC,xla=off", "own", "torch:layout=x") == [
        "tensorflow==1.0.0:layout=NHWC,xla=off",
        "own",
        "torch:layout=x",
    ]


def test_a_version_means_its_rows_or_else_stands_in_all() -> None:
    study = studies.load("titanx-2017", [STUDIES])
    assert list_keys(study, "torch==2.13.0") == [
        "torch==2.13.0:layout=NCHW",
        "torch==2.13.0:layout=NHWC",
    ]
    assert list_keys(study, "torch==1.0.0") == [
        "torch==1.0.0:layout=NCHW",
        "torch==1.0.0:layout=NHWC",
    ]


def test_a_stack_decides_on_versions() -> None:
    study = studies.load("fcnn-mnist-2016", [STUDIES])
    assert list_keys(study, "tensorflow", "torch", stack="2026") == ["tensorflow", "torch"]
    (line, _), *_ = choose_lines(study, Asked(frameworks=("tensorflow",), stack="2026"))
    assert not line.beyond


def test_what_the_study_has_not_is_beyond_it() -> None:
    study = studies.load("fcnn-mnist-2016", [STUDIES])
    asked = Asked(frameworks=("own", "tensorflow"))
    found = {line.key: line.beyond for line, _ in choose_lines(study, asked)}
    assert found == {"tensorflow==1.0.0": False, "tensorflow==2.21.0": True, "own": True}
