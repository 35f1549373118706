from __future__ import annotations

from typing import Any

import pytest
from comparisons import make_run
from records import make_phases, once

from dlbench.judgement import Comparison
from dlbench.payback import describe_paybacks, spell_count, spell_seconds
from dlbench.record import Record
from dlbench.rows import pool
from dlbench.stats import Estimate, Verdict
from dlbench.summary import summarize


def make_pair(
    plain: float, compiled: float, *, build: float = 2.0, first: float = 10.0, **changes: Any
) -> list[Record]:
    """Return a run without and one with XLA: steps, and what XLA costs before them."""
    return [
        make_run(
            f"{value}1",
            axes={"xla": value, "layout": "NHWC"},
            phases=make_phases(
                step, build=once("build", built), first_step=once("first_step", begun)
            ),
            **(changes if value == "on" else {}),
        )
        for value, step, built, begun in (
            ("off", plain, 1.0, plain + 1.0), ("on", compiled, build, first),
        )
    ]  # fmt: skip


def describe(
    records: list[Record], verdict: Verdict, ratio: float = 1.0, spread: float = 0.0
) -> list[str]:
    low, high = (ratio - spread, ratio + spread) if spread else (None, None)
    figure = Estimate(value=ratio, low=low, high=high, runs=5)
    steps = Comparison(ratio=figure, verdict=verdict, rounds_needed=None, paired=True, rounds=5)
    return list(describe_paybacks(pool(map(summarize, records)), lambda *_: steps))


def test_what_is_paid_once_by_what_is_saved_a_step() -> None:
    # (2 + 10.4 - 0.4) - (1 + 1.5 - 0.5) = 10 s more, 0.1 s less a step.
    assert describe(make_pair(0.5, 0.4, first=10.4), "faster", 0.8) == [
        "torch-2.13.0: xla=on pays back after about 100 steps: 10 s more once, 100 ms less a step"
    ]


def test_the_interval_of_the_ratio_is_one_of_steps() -> None:
    (said,) = describe(make_pair(0.5, 0.4, first=10.4), "faster", 0.8, spread=0.1)
    assert "after about 100 (67 to 200) steps" in said


def test_an_interval_that_reaches_one_has_no_end() -> None:
    (said,) = describe(make_pair(0.5, 0.4, first=10.4), "faster", 0.8, spread=0.2)
    assert "after about 100 steps" in said


def test_compiling_that_costs_nothing_pays_at_once() -> None:
    (said,) = describe(make_pair(0.5, 0.4, build=0.5, first=0.5), "faster", 0.8)
    assert said.endswith("pays back at once: no more is paid before, 100 ms less a step")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("slower", "never pays back here: it is slower, and costs 9.9 s more once"),
        ("same", "never pays back here: its step is the same, and costs 9.9 s more once"),
        (
            "not enough data",
            "cannot be said to pay back or not: not enough data to tell the steps apart",
        ),
    ],
)
def test_a_step_that_is_not_faster_never_pays(verdict: Verdict, words: str) -> None:
    (said,) = describe(make_pair(0.5, 0.6, first=10.5), verdict, 1.2)
    assert said == f"torch-2.13.0: xla=on {words}"


def test_a_slower_step_that_costs_nothing_says_no_more_than_that() -> None:
    (said,) = describe(make_pair(0.5, 0.6, build=0.5, first=0.6), "slower", 1.2)
    assert said.endswith("never pays back here: it is slower")


def test_steps_that_were_not_measured_say_so() -> None:
    plain, compiled = make_pair(0.5, 0.4)
    phases = [phase for phase in make_phases(0.4) if phase.name != "first_step"]
    unknown = make_run("on2", axes=compiled.cell.axes, phases=phases)
    (said,) = describe([plain, unknown], "faster", 0.8)
    assert said.endswith("a first or a later step was not measured")


@pytest.mark.parametrize(
    "changes",
    [
        {"image_id": "torch-2.12.0"},
        {"framework": "tensorflow"},
        {"device": "cuda"},
        {"quick": True},
    ],
)
def test_only_rows_that_differ_in_nothing_else_are_held_together(changes: dict[str, Any]) -> None:
    assert describe(make_pair(0.5, 0.4, **changes), "faster", 0.8) == []


def test_rows_that_did_other_work_are_not_spoken_of() -> None:
    audit = {"audit": {"losses_finite": {"passed": False}}}
    assert describe(make_pair(0.5, 0.4, result=audit), "faster", 0.8) == []


def test_another_layout_is_another_pair() -> None:
    records = [*make_pair(0.5, 0.4), make_run("on3", 0.4, axes={"xla": "on", "layout": "NCHW"})]
    assert len(describe(records, "faster", 0.8)) == 1


@pytest.mark.parametrize(
    ("steps", "words"),
    [(0.2, "1"), (9.2, "9"), (99.6, "100"), (1234.5, "1,200"), (123_456, "120,000")],
)
def test_steps_have_two_digits(steps: float, words: str) -> None:
    assert spell_count(steps) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(123.4, "120 s"), (1.26, "1.3 s"), (0.0126, "13 ms"), (1.26e-5, "13 us")],
)
def test_seconds_have_two_digits(seconds: float, words: str) -> None:
    assert spell_seconds(seconds) == words
