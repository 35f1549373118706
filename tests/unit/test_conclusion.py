"""How a campaign ended, in an exit code and in words."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from command_line import CommandLine, assert_explained
from comparisons import NCHW, NHWC, make_run
from records import make_failure

from dlbench.cli.conclusion import conclude
from dlbench.errors import (
    ImageError,
    ParityError,
    RunsFailedError,
    StoppedError,
    TerminatedError,
)
from dlbench.record import ParityFacts, Record

FAILED = ParityFacts(verdict="failed", reason="gradients: first at dense_1/kernel")
BAD_AUDIT = {"audit": {"weights_changed": {"passed": False}}}


def make_barred(run_id: str = "b1") -> Record:
    return make_run(run_id, framework="tensorflow", parity=FAILED)


def test_a_campaign_that_went_well_raises_nothing() -> None:
    conclude([make_run("a1"), make_run("a2", parity=ParityFacts(verdict="not run"))], [], None)


def test_barred_cells_are_named_once_each_with_the_reason() -> None:
    records = [
        make_run("a1", axes=NHWC),
        make_run("a2", axes=NCHW, result=BAD_AUDIT),
        make_run("a3", axes=NCHW, result=BAD_AUDIT, round=2),
        make_barred(),
    ]
    with pytest.raises(ParityError) as caught:
        conclude(records, [], None)
    assert caught.value.exit_code == 12
    assert caught.value.message == (
        "2 of 3 cells did not do the scenario's work, and are barred from ranks"
    )
    assert caught.value.hint.splitlines() == [
        "tiny on torch-2.13.0 layout=NCHW batch_size=16: audit failed: weights changed",
        "tiny on tensorflow-2.21.0: parity failed: gradients: first at dense_1/kernel",
    ]


@pytest.mark.parametrize(
    ("errors", "signalled", "kind"),
    [
        ([], None, RunsFailedError),
        ([ImageError("no image", "build it")], None, ImageError),
        ([ImageError("no image", "build it")], signal.SIGINT, StoppedError),
        ([], signal.SIGTERM, TerminatedError),
    ],
)
def test_what_else_happened_decides_the_code_and_barred_cells_are_told(
    errors: list[ImageError], signalled: int | None, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        conclude([make_barred(), make_failure("c1")], errors, signalled)
    hint = getattr(caught.value, "hint", "")
    assert "tiny on tensorflow-2.21.0: parity failed: gradients" in hint
    assert len(hint.splitlines()) == 3


def test_other_kinds_of_runs_are_no_measurements() -> None:
    conclude([make_run("a1", kind="calibration", parity=FAILED)], [], None)


def test_run_names_what_it_measured_for_nothing(tmp_path: Path) -> None:
    dlbench = CommandLine(tmp_path)
    assert dlbench.run("none").returncode == 0
    done = dlbench.run("frozen")
    assert_explained(
        done, 12, "dlbench: 1 of 1 cells did not do the scenario's work", "rows on faulty-1.0"
    )
    assert "audit failed: weights changed" in done.stderr
    assert "audit failed: weights changed" in done.stdout
    assert len(dlbench.records()) == 2
