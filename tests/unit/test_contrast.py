"""Measured rows beside published figures: which correspond, and what is said of ratio and order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from comparisons import cells, make_run, plan_fields
from golden import check_golden
from records import each, make_cell, make_environment, make_failure, make_phases, make_step_job

from dlbench.contrast import set_beside
from dlbench.correspondence import compare_order
from dlbench.published import PublishedRow, Study, load
from dlbench.record import ParityFacts, Record
from dlbench.scenario import Plan
from dlbench.summary import summarize
from dlbench.tables import Missing, Quantity, Table, render

CHECKOUT = Path(__file__).resolve().parents[2]
FAILED = ParityFacts(verdict="failed", key="50fa", reason="outputs: layer 3 differs")


def make_row(framework: str, **fields: Any) -> PublishedRow:
    name, _, backend = framework.partition("/")
    stated = {"measure": "time_ms", "scenario": "tiny", **fields}
    return PublishedRow(framework=name, backend=backend, **stated)


def make_study(*rows: PublishedRow, **fields: Any) -> Study:
    return Study(id="old-2017", title="Old figures", source="a page", rows=rows, **fields)


def contrast(study: Study, records: Sequence[Record], **options: Any) -> list[Table]:
    ordered = sorted(map(summarize, records), key=lambda run: (run.started, run.run_id))
    return set_beside(ordered, study, **options)


def make_titanx_records() -> list[Record]:
    """Return measurements of some rows of titanx-2017, in another order, and others."""
    common: dict[str, Any] = {"scenario": "vgg16"}
    records = []
    for number, noise in enumerate((1.0, 1.02, 0.99), start=1):
        cell: dict[str, Any] = {**common, "round": number}
        for name, step, axes in (
            ("tensorflow", 1.9, {"layout": "NHWC", "xla": "off"}),
            ("tensorflow", 1.5, {"layout": "NHWC", "xla": "on"}),
            ("tensorflow", 1.7, {"layout": "NCHW", "xla": "off"}),
            ("keras", 1.2, {"layout": "NCHW", "backend": "theano"}),
            ("torch", 0.9, {"layout": "NCHW"}),
        ):
            run_id = f"{name}{number}{'-'.join(axes.values())}"
            axes = {**axes, "batch_size": "16"}
            records.append(make_run(run_id, step * noise, name, axes=axes, **cell))
    return records


def test_golden_table_of_the_study() -> None:
    study = load([CHECKOUT / "studies"]).study("titanx-2017")
    tables = contrast(study, make_titanx_records())
    check_golden("compare-against.text", render(tables) + "\n")
    assert len(tables) == 1


def test_figures_are_divided_and_their_order_is_judged() -> None:
    study = make_study(
        make_row("torch", value=100.0), make_row("keras/theano", value=250.0), device="a device"
    )
    records = [
        make_run("a1", 0.5, "torch"),
        make_run("b1", 2.0, "keras", axes={"backend": "theano"}),
    ]
    (table,) = contrast(study, records)
    assert cells(table, "framework") == ["torch", "keras/theano"]
    assert cells(table, "published") == [Quantity(value=0.1), Quantity(value=0.25)]
    assert [cell.value for cell in cells(table, "ratio")] == pytest.approx([5.0, 8.0])
    assert [cell.value for cell in cells(table, "published_share")] == pytest.approx([1.0, 2.5])
    assert [cell.value for cell in cells(table, "measured_share")] == pytest.approx([1.0, 4.0])
    assert table.notes == ("order of 2 figures: agreed (Spearman 1.00)",)


def test_what_is_on_one_side_only_stays_with_its_reason() -> None:
    study = make_study(make_row("torch", value=100.0), make_row("caffe", missing="OOM"))
    failed = make_failure("c1", cell=make_cell("caffe"), detail="no kernel")
    records = [make_run("b1", 2.0, "tensorflow"), failed]
    (table,) = contrast(study, records)
    assert cells(table, "framework") == ["torch", "caffe", "tensorflow"]
    assert cells(table, "published") == [
        Quantity(value=0.1),
        Missing(reason="OOM"),
        Missing(reason="not published"),
    ]
    assert cells(table, "measured")[:2] == [
        Missing(reason="not measured"),
        Missing(reason="failed: no kernel"),
    ]
    assert cells(table, "ratio") == [
        Missing(reason="none"),
        Missing(reason="none"),
        Missing(reason="not published"),
    ]
    assert table.notes == ()


def test_a_backend_is_not_its_own_framework() -> None:
    study = make_study(make_row("keras/tensorflow", value=100.0))
    (table,) = contrast(study, [make_run("a1", 0.5, "tensorflow")])
    assert cells(table, "measured")[0] == Missing(reason="not measured")
    assert cells(table, "published")[1] == Missing(reason="not published")


@pytest.mark.parametrize(("step", "said"), [(0.02, "within the bound"), (0.04, "above the bound")])
def test_a_bound_is_kept_or_not(step: float, said: str) -> None:
    study = make_study(make_row("torch", at_most=30.0))
    (table,) = contrast(study, [make_run("a1", step)])
    assert cells(table, "published") == ["at most 0.03 s"]
    assert cells(table, "ratio") == [Missing(reason=said)]


def test_a_range_is_divided_by_its_middle() -> None:
    study = make_study(make_row("torch", range=(100.0, 300.0)))
    (table,) = contrast(study, [make_run("a1", 0.5)])
    assert cells(table, "published") == ["0.1 to 0.3 s"]
    assert cells(table, "ratio")[0].value == pytest.approx(2.5)


def test_what_failed_parity_has_no_ratio() -> None:
    study = make_study(make_row("torch", value=100.0))
    (table,) = contrast(study, [make_run("a1", 0.5, parity=FAILED)])
    assert cells(table, "ratio") == [Missing(reason="barred")]
    assert cells(table, "measured")[0].value == pytest.approx(0.5)


def make_epochs(run_id: str, framework: str, accuracy: float, **plan: Any) -> Record:
    phases = make_phases(
        epoch=each("epoch", [2.0, 2.2]), epoch_accuracy=each("epoch_accuracy", [0.5, accuracy], "1")
    )
    job = make_step_job(plan=Plan(**plan_fields(epochs=2, **plan)))
    return make_run(run_id, framework=framework, phases=phases, job=job)


def test_accuracy_after_other_epochs_is_no_ratio() -> None:
    study = make_study(make_row("torch", measure="accuracy", value=0.97, epochs=10))
    (table,) = contrast(study, [make_epochs("a1", "torch", 0.9)])
    assert cells(table, "ratio") == [Missing(reason="after 2 epochs, published after 10")]
    study = make_study(make_row("torch", measure="accuracy", value=0.9, epochs=2))
    (table,) = contrast(study, [make_epochs("a1", "torch", 0.9)])
    assert cells(table, "ratio")[0].value == pytest.approx(1.0)


def test_the_best_accuracy_is_the_greatest() -> None:
    study = make_study(
        make_row("torch", measure="accuracy", value=0.8),
        make_row("caffe", measure="accuracy", value=0.4),
    )
    records = [make_epochs("a1", "torch", 0.5), make_epochs("b1", "caffe", 1.0)]
    (table,) = contrast(study, records)
    assert [cell.value for cell in cells(table, "published_share")] == pytest.approx([1.0, 0.5])
    assert [cell.value for cell in cells(table, "measured_share")] == pytest.approx([0.5, 1.0])
    assert table.notes == (
        "order of 2 figures: not agreed, 1 of 1 pairs are swapped (Spearman -1.00)",
    )


def test_a_cut_epoch_is_no_epoch() -> None:
    study = make_study(make_row("torch", measure="epoch_s", value=2.0))
    (table,) = contrast(study, [make_epochs("a1", "torch", 0.9, steps_per_epoch=60)])
    assert cells(table, "ratio") == [Missing(reason="epochs cut to 60 steps")]


def test_orders_are_judged_within_the_same_work_only() -> None:
    rows = [make_row("torch", value=100.0), make_row("caffe", value=200.0)]
    records = [
        make_run("a1", 1.0, "torch", axes={"batch_size": "16"}),
        make_run("b1", 2.0, "caffe", axes={"batch_size": "16"}),
        make_run("c1", 3.0, "torch", quick=True, axes={"batch_size": "16"}),
    ]
    (table,) = contrast(make_study(*rows), records)
    assert table.notes == ("order of 2 figures: agreed (Spearman 1.00)",)


def test_an_order_in_words_is_held_against_what_was_measured() -> None:
    order = PublishedRow(
        measure="time_ms",
        scenario="tiny",
        order=("torch", "caffe", "mxnet"),
        claim="torch slightly ahead",
    )
    records = [make_run("a1", 1.0, "torch"), make_run("b1", 0.5, "caffe")]
    (table,) = contrast(make_study(order), records)
    assert table.notes == (
        "stated order of 2: not agreed, 1 of 1 pairs are swapped (Spearman -1.00)",
        "source: tiny: training step: best first: torch, caffe, mxnet; torch slightly ahead",
    )
    (alone,) = contrast(make_study(order), records[:1])
    assert len(alone.notes) == 1


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ([1, 2, 3], [4, 5, 6], "agreed (Spearman 1.00)"),
        # What a source does not tell apart cannot be swapped.
        ([1, 1, 2], [5, 4, 6], "agreed (Spearman 0.87)"),
        ([1, 2, 3], [4, 6, 5], "not agreed, 1 of 3 pairs are swapped (Spearman 0.50)"),
        ([1, 1], [4, 6], "nothing to say, all figures of one side are equal"),
    ],
)
def test_order(expected: list[float], found: list[float], said: str) -> None:
    assert compare_order(expected, found) == said


def test_each_device_of_a_study_has_a_table() -> None:
    study = make_study(
        make_row("torch", value=100.0, device="GPU one"),
        make_row("torch", value=50.0, device="GPU two"),
        systems={"GPU one": {"cuda": "8.0"}, "GPU two": {}},
    )
    tables = contrast(study, [make_run("a1", 0.5)])
    assert [table.title.rpartition(" (")[2] for table in tables] == ["GPU one)", "GPU two)"]
    assert "published: on GPU one, cuda 8.0" in tables[0].caption


def test_the_same_gpu_is_not_called_other_hardware() -> None:
    study = make_study(make_row("torch", value=100.0, device="NVIDIA Tesla K80 (rented)"))
    gpu = make_environment(gpus=({"name": "Tesla K80"},))
    (same,) = contrast(study, [make_run("a1", environment=gpu)])
    (other,) = contrast(study, [make_run("a1")])
    assert not any("not the same" in line for line in same.caption)
    assert any("not the same" in line for line in other.caption)


def test_what_runs_do_not_measure_is_said_once() -> None:
    study = make_study(
        make_row("torch", value=100.0),
        make_row("torch", measure="forward_ms", value=30.0),
        make_row("torch", measure="backward_ms", value=60.0),
    )
    (table,) = contrast(study, [make_run("a1")])
    assert table.notes == (
        "published and not compared: forward pass, backward pass: "
        "runs time whole training steps, with the update",
    )


def test_runs_of_other_scenarios_make_no_table() -> None:
    study = make_study(make_row("torch", value=100.0))
    assert contrast(study, [make_run("a1", scenario="other")]) == []


def test_newest_campaign_counts_unless_all_do() -> None:
    study = make_study(make_row("torch", value=100.0))
    records = [
        make_run("a1", 0.5, campaign="c1", started="2026-11-01T10:00:00+00:00"),
        make_run("a2", 0.7, campaign="c2", started="2026-11-02T10:00:00+00:00"),
    ]
    (newest,) = contrast(study, records)
    (pooled,) = contrast(study, records, everything=True)
    assert cells(newest, "measured")[0].value == pytest.approx(0.7)
    assert cells(pooled, "measured")[0].value == pytest.approx(0.6)


def test_accuracy_does_not_depend_on_hardware() -> None:
    study = make_study(make_row("torch", measure="accuracy", value=0.97, device="an abacus"))
    (table,) = contrast(study, [make_epochs("a1", "torch", 0.9)])
    assert "published: on an abacus" in table.caption
    assert not any("not the same" in line for line in table.caption)


def test_what_is_said_of_measures_without_figures_is_told_too() -> None:
    study = make_study(
        make_row("torch", value=100.0), make_row("torch", measure="predict_s", claim="very slow")
    )
    (table,) = contrast(study, [make_run("a1")])
    assert table.notes == ("source: tiny: prediction of the test set: torch: very slow",)
