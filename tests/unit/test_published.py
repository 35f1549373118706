"""What is published: the file that is shipped, and what is said of files that are wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.counterparts import MEASURES, Measure
from dlbench.errors import ScenarioError, UnknownNameError
from dlbench.metrics import METRICS
from dlbench.published import Published, PublishedRow, load, match, spearman

CHECKOUT = Path(__file__).resolve().parents[2]
SCENARIOS = {path.stem for path in (CHECKOUT / "scenarios").glob("*.yaml")}


@pytest.fixture(scope="module")
def published() -> Published:
    return load([CHECKOUT / "studies"])


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "published.yaml").write_text(dedent(text), encoding="utf-8")
    return folder


def make_file(rows: str, extra: str = "") -> str:
    head = "format: 1\nstudies:\n- id: one\n  title: t\n  source: s\n  measure: epoch_s\n"
    return f"{head}{extra}  rows:\n{rows}"


def find(published: Published, study: str, **wanted: object) -> list[PublishedRow]:
    rows = published.study(study).rows
    return [
        row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())
    ]


def test_the_shipped_file_has_the_studies_that_scenarios_come_from(published: Published) -> None:
    assert [(study.id, len(study.rows)) for study in published.studies] == [
        ("titanx-2017", 6),
        ("vgg-toy-2015", 10),
        ("fcnn-mnist-2016", 32),
        ("keras-backends-2017", 13),
        ("vgg-benchmarks", 40),
        ("benchm-dl", 36),
    ]


def test_a_figure_is_kept_with_its_unit_axes_and_device(published: Published) -> None:
    (row,) = find(published, "titanx-2017", value=300.424)
    assert (row.name, row.scenario, row.unit) == ("tensorflow", "vgg16", "ms")
    assert row.axes == {"batch_size": "16", "layout": "NHWC", "xla": "on"}
    assert row.device == "NVIDIA Maxwell Titan X"
    assert row.number == 300.424


def test_a_row_for_several_frameworks_is_one_for_each(published: Published) -> None:
    rows = find(published, "keras-backends-2017", scenario="mnist-mlp", measure="epoch_s")
    assert [(row.name, row.range, row.number) for row in rows] == [
        ("keras/cntk", (2.5, 2.7), 2.6),
        ("keras/tensorflow", (2.5, 2.7), 2.6),
        ("keras/theano", (2.5, 2.7), 2.6),
        ("keras/mxnet", None, 1.4),
    ]
    bounds = find(published, "fcnn-mnist-2016", at_most=30.0)
    assert [row.name for row in bounds] == ["keras/theano", "torch7", "caffe", "tensorflow"]
    assert {row.number for row in bounds} == {None}


def test_a_row_for_several_devices_is_one_for_each(published: Published) -> None:
    rows = find(published, "vgg-benchmarks", framework="mxnet")
    assert [(row.device, row.value, row.missing) for row in rows] == [
        ("NVIDIA V100", 81.22, ""),
        ("NVIDIA GTX 1080", None, "no figure"),
        ("NVIDIA Maxwell Titan X", 324.63, ""),
        ("NVIDIA K80", 1247.47, ""),
        ("NVIDIA K520", None, "OOM"),
    ]
    study = published.study("vgg-benchmarks")
    assert study.devices == tuple(study.systems)
    assert study.systems["NVIDIA K80"]["mxnet"] == "0.7.0"


def test_claims_and_orders_are_no_figures(published: Published) -> None:
    (row,) = find(published, "keras-backends-2017", scenario="mnist-cnn")
    assert row.order == ("keras/tensorflow", "keras/theano", "keras/cntk")
    assert "far ahead of cntk" in row.claim
    assert not row.has_figure
    (ranking,) = find(published, "fcnn-mnist-2016", measure="final_ranking")
    assert ranking.order[0] == "keras/theano"
    assert (ranking.name, ranking.claim) == ("", "")


def test_each_row_is_of_a_known_measure_and_each_measure_of_a_known_metric(
    published: Published,
) -> None:
    used = {row.measure for study in published.studies for row in study.rows}
    assert used == set(MEASURES)
    for measure in MEASURES.values():
        assert bool(measure.metric) != bool(measure.reason), measure.name


@pytest.mark.parametrize("measure", [one for one in MEASURES.values() if one.metric in METRICS])
def test_a_measure_and_its_metric_agree_in_unit_and_direction(measure: Measure) -> None:
    metric = METRICS[measure.metric]
    assert metric.unit == measure.table_unit
    assert metric.higher_is_better == measure.higher_is_better


def test_the_first_folder_that_has_a_study_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "a", make_file("  - {framework: x, scenario: s, value: 1}\n"))
    second = write(tmp_path / "b", make_file("  - {framework: x, scenario: s, value: 2}\n"))
    found = load([first, tmp_path / "nothing", second])
    assert [row.value for study in found.studies for row in study.rows] == [1.0]


def test_an_unknown_study_is_said_with_the_nearest(published: Published) -> None:
    with pytest.raises(UnknownNameError) as caught:
        published.study("titanx-2016")
    assert caught.value.hint == "did you mean 'titanx-2017'?"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("  - {framework: x, value: 1, measure: epochs}\n", "one: row 1: unknown measure 'epochs'"),
        ("  - {framework: x}\n", "one: row 1: give one of value"),
        ("  - {framework: x, value: 1, at_most: 2}\n", "one: row 1: give one of value"),
        ("  - {framework: x, value: 1, claim: c}\n", "one: row 1: give one of value"),
        ("  - {value: 1}\n", "one: row 1: a figure needs a framework"),
        ("  - {framework: x, values: {k80: 1}}\n", "one: row 1: no device 'k80' in this study"),
        ("  - {framework: x, value: 1, valve: 1}\n", "unknown field `valve`"),
        ("  - {framework: x, range: [1]}\n", "length 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, rows: str, said: str) -> None:
    folder = write(tmp_path, make_file(rows))
    with pytest.raises(ScenarioError) as caught:
        load([folder])
    assert said in caught.value.message
    assert str(folder / "published.yaml") in caught.value.message


@pytest.mark.parametrize("text", ["- a list\n", "format: [1\n", "format: 1\nformat: 1\n"])
def test_a_file_of_another_kind_is_said_with_its_page(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        load([folder])
    assert str(folder / "published.yaml") in caught.value.message
    assert caught.value.hint == "docs/studies.md describes the file"


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path, make_file("  - {framework: x}\n  - {value: 1}\n"))
    with pytest.raises(ScenarioError) as caught:
        load([folder])
    assert len(caught.value.message.splitlines()) == 2


def test_a_newer_file_is_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    folder = write(tmp_path, "format: 2\nstudies: {}\n")
    with pytest.raises(ScenarioError, match="format: 2 is newer") as caught:
        load([folder])
    assert caught.value.hint == "update dlbench"


def test_a_cell_matches_in_everything_that_is_stated() -> None:
    row = PublishedRow(
        measure="time_ms", framework="keras", backend="theano", axes={"layout": "NCHW"}, value=1.0
    )
    axes = {"layout": "NCHW", "batch_size": "16"}
    assert match(row, "keras", "theano", axes)
    assert not match(row, "keras", "tensorflow", axes)
    assert not match(row, "theano", "", axes)
    assert not match(row, "keras", "theano", {**axes, "layout": "NHWC"})
    assert not match(row, "keras", "theano", {})


def test_a_row_without_a_backend_matches_any() -> None:
    row = PublishedRow(measure="time_ms", framework="keras", value=1.0)
    assert match(row, "keras", "theano", {})
    assert match(row, "keras", "", {})


@pytest.mark.parametrize(
    ("published", "measured", "coefficient"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [30, 20, 10], -1.0),
        ([1, 2, 3, 4], [10, 20, 40, 30], 0.8),
        # Ties have the mean of their ranks: 1.5, 1.5, 3 against 1, 2, 3.
        ([1, 1, 2], [10, 20, 30], 0.8660254),
        ([1, 2], [10, 20], 1.0),
    ],
)
def test_spearman(published: list[float], measured: list[float], coefficient: float) -> None:
    assert spearman(published, measured) == pytest.approx(coefficient)


def test_spearman_says_nothing_of_one_pair_or_of_equal_figures() -> None:
    assert spearman([1], [2]) is None
    assert spearman([], []) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_the_page_names_every_measure_with_its_metric() -> None:
    page = (CHECKOUT / "docs" / "studies.md").read_text(encoding="utf-8")
    for measure in MEASURES.values():
        assert f"`{measure.name}`" in page
        assert not measure.metric or f"`{measure.metric}`" in page
