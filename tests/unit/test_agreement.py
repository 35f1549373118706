"""Whether runs that repeat a record agree with it, differ, or leave it open."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from comparisons import cells, make_rounds, make_run
from records import make_environment

from dlbench.agreement import Agreement, judge_again, stand_beside, tabulate_agreement
from dlbench.judgement import ROUNDS_AT_LEAST, next_round
from dlbench.metrics import METRICS
from dlbench.record import Record
from dlbench.rows import Row, pool
from dlbench.summary import summarize

STEP = METRICS["step"]
QUIET = (1.0, 1.001, 0.999, 1.002, 0.998)
NOISY = (1.0, 1.2, 0.8, 1.3, 0.75)


def make_row(step: float, noise: Sequence[float], campaign: str = "c1", **changes: Any) -> Row:
    records = make_rounds("torch", step, noise, campaign=campaign, **changes)
    return read_row(records)


def read_row(records: Sequence[Record]) -> Row:
    (row,) = pool(map(summarize, records))
    return row


def judge(record: Row, again: Row, **options: Any) -> Agreement:
    return judge_again(record, again, STEP, **options)


def test_runs_within_the_band_agree() -> None:
    found = judge(make_row(1.0, QUIET), make_row(1.002, QUIET, "c2"))
    assert found.verdict == "agrees"
    assert found.reason == "the same within 1 %"
    assert found.ratio.value == pytest.approx(1.002)
    assert found.ratio.low is not None


@pytest.mark.parametrize(("step", "word"), [(1.1, "slower"), (0.9, "faster")])
@pytest.mark.parametrize("runs", [1, 2, 5])
def test_runs_beyond_the_band_differ_even_from_one_record(
    step: float, word: str, runs: int
) -> None:
    found = judge(make_row(1.0, QUIET[:runs]), make_row(step, QUIET, "c2"))
    assert (found.verdict, found.reason) == ("differs", f"it is {word}")


def test_the_band_decides_what_a_difference_is() -> None:
    record, again = make_row(1.0, QUIET), make_row(1.05, QUIET, "c2")
    assert judge(record, again).verdict == "differs"
    assert judge(record, again, band=0.1).verdict == "agrees"


def test_one_record_agrees_where_one_more_run_would_lie() -> None:
    found = judge(make_row(1.003, (1.0,)), make_row(1.0, QUIET, "c2"))
    assert found.verdict == "agrees"
    # The band, times e to the power of Student's t of 4 degrees of freedom (2.776), the standard
    # deviation (0.00158) and the root of 1 + 1/5.
    assert found.reason == "within what its runs vary: differences up to 1.49 % are hidden"


def test_what_noise_hides_is_no_agreement() -> None:
    found = judge(make_row(1.0, (1.0,)), make_row(1.0, NOISY, "c2"))
    assert found.verdict == "undecided"
    assert "vary so much" in found.reason
    assert judge(make_row(1.0, (1.0,)), make_row(1.0, NOISY, "c2"), band=0.5).verdict == "undecided"


def test_who_asks_for_less_may_have_more_noise() -> None:
    noise = (1.0, 1.06, 0.95, 1.04, 0.96)
    record, again = make_row(1.0, (1.0,)), make_row(1.0, noise, "c2")
    assert judge(record, again).verdict == "undecided"
    assert judge(record, again, band=0.2).verdict == "agrees"


def test_between_noise_and_proof_it_is_undecided() -> None:
    noise = (1.0, 1.01, 0.99, 1.02, 0.98)
    found = judge(make_row(1.06, (1.0,)), make_row(1.0, noise, "c2"))
    assert found.verdict == "undecided"
    assert "more runs have to show it" in found.reason


def test_one_run_on_either_side_says_nothing() -> None:
    found = judge(make_row(1.0, (1.0,)), make_row(1.0, (1.0,), "c2"))
    assert found.verdict == "undecided"
    assert found.reason == "there is one run on either side, and so no noise is known"
    assert found.ratio.value == pytest.approx(1.0)


def test_unequal_settings_are_said() -> None:
    other = make_environment(cpu_model="Other CPU")
    found = judge(make_row(1.0, QUIET), make_row(1.5, QUIET, "c2", environment=other))
    assert found.unequal == ("CPU",)
    assert found.summary.endswith("it is slower; unequal: CPU")


@pytest.mark.parametrize("runs", [1, 3, 5])
def test_of_runs_that_are_alike_few_differ_and_most_agree(runs: int) -> None:
    """At 2 % of noise, in 300 repetitions: the bounds are far above what is promised."""
    draw = random.Random(7)
    found = [
        judge(
            make_row(1.0, [draw.lognormvariate(0, 0.02) for _ in range(runs)]),
            make_row(1.0, [draw.lognormvariate(0, 0.02) for _ in range(5)], "c2"),
        ).verdict
        for _ in range(300)
    ]
    assert found.count("differs") <= 3
    assert found.count("agrees") >= 270


def test_rounds_go_on_until_there_is_a_verdict() -> None:
    record = make_row(1.0, QUIET)
    unclear = stand_beside(record, make_row(1.0, NOISY, "c2"), STEP)
    clear = stand_beside(record, make_row(1.0, QUIET, "c2"), STEP)
    assert next_round(unclear.comparisons, ROUNDS_AT_LEAST)
    assert not next_round(clear.comparisons, ROUNDS_AT_LEAST)
    assert clear.describe().startswith("again / record 1.000 [")
    assert clear.describe().endswith("]: same")


def test_more_rounds_do_not_help_beside_a_record_of_few() -> None:
    alone = stand_beside(make_row(1.0, (1.0,)), make_row(1.0, NOISY, "c2"), STEP)
    assert alone.comparisons == ()
    assert alone.describe() == ""


def test_the_table_has_both_sides_and_what_is_not_equal() -> None:
    record = make_row(1.0, QUIET)
    again = read_row([
        make_run(
            f"d{number}",
            1.5 * noise,
            round=number,
            campaign="c2",
            environment=make_environment(host="looking-glass"),
        )
        for number, noise in enumerate(QUIET, start=1)
    ])
    table = tabulate_agreement(judge(record, again))
    assert cells(table, "side") == ["record", "again"]
    assert cells(table, "verdict") == ["baseline", "differs"]
    assert cells(table, "ratio")[1].value == pytest.approx(1.5)
    assert cells(table, "host") == ["wonderland", "looking-glass"]
    assert table.notes[-1].startswith("differs: again / record 1.500 [")
