"""What a run measured of each epoch."""

from __future__ import annotations

import csv
import io

import pytest
from epoch_runs import make_epochs
from records import each, make_phases, make_record

from dlbench.description import describe_record, render_sections
from dlbench.epochs import follow, read_epochs, write_csv
from dlbench.job import Phase
from dlbench.record import Record
from dlbench.scenario import Known


def phases_of(record: Record) -> list[Phase]:
    assert record.result is not None
    return list(record.result.phases)


def test_training_seconds_leave_evaluation_out() -> None:
    found = read_epochs(phases_of(make_epochs("a1", [0.9, 0.95], [3.0, 2.0])))
    assert [one.training_seconds for one in found] == [3.0, 5.0]
    assert [one.accuracy for one in found] == [0.9, 0.95]
    assert [one.evaluate_seconds for one in found] == [100.0, 100.0]


def test_a_run_without_epochs_has_none() -> None:
    assert read_epochs(make_phases()) == []
    assert follow(make_phases()) == ()


def test_a_worker_may_leave_losses_and_evaluation_out() -> None:
    phases = [each("epoch", [3.0, 2.0]), each("epoch_accuracy", [0.9, 0.95], "1")]
    last = read_epochs(phases)[-1]
    assert (last.epoch, last.loss, last.step_loss, last.evaluate_seconds) == (2, None, None, None)


def test_an_epoch_that_was_never_evaluated_is_none_yet() -> None:
    phases = [each("epoch", [3.0, 2.0]), each("epoch_accuracy", [0.9], "1")]
    assert [one.epoch for one in read_epochs(phases)] == [1]


def test_csv_has_every_digit() -> None:
    text = write_csv(read_epochs(phases_of(make_epochs("a1", [1 / 3, "nan"], [0.1, 0.2]))))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["accuracy"] for row in rows] == [repr(1 / 3), "nan"]
    assert float(rows[1]["training_seconds"]) == pytest.approx(0.3)
    assert next(iter(rows[0])) == "epoch"


def test_show_has_a_line_for_each_epoch_and_what_came_of_them() -> None:
    text = render_sections(describe_record(make_epochs("a1", [0.9, 0.9812, 0.975])))
    assert "epoch 2  2 s, training so far 4 s, accuracy 0.9812, loss 0.5\n" in text
    assert "best accuracy    0.9812 after epoch 2\n" in text
    assert "accuracy         0.9750 after epoch 3\n" in text
    assert "training in all  6 s\n" in text
    assert "known            accuracy 0.97 to 0.98 after 3 epochs\n" in text
    assert "judged           accuracy as known\n" in text


def test_show_says_why_nothing_is_judged() -> None:
    text = render_sections(describe_record(make_epochs("a1", [0.9])))
    assert "judged           no: it did not train as many whole epochs\n" in text


def test_show_says_nothing_of_epochs_where_there_are_none() -> None:
    text = render_sections(describe_record(make_record()))
    assert "quality" not in text
    unknown = render_sections(describe_record(make_epochs("a1", [0.9], known=None)))
    assert "best accuracy" in unknown
    assert "judged" not in unknown


def test_a_summary_follows_the_same_epochs() -> None:
    record = make_epochs("a1", [0.9, 0.95], known=Known(epochs=1, accuracy=(0.9, None)))
    curve = follow(phases_of(record))
    assert [(one.training_seconds, one.accuracy, one.loss) for one in curve] == [
        (2.0, 0.9, 1.0),
        (4.0, 0.95, 0.5),
    ]
