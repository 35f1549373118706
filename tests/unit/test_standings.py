"""How rows stand against one another, in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from comparisons import NCHW, NHWC, make_rounds
from records import make_failure

from dlbench.judgement import Comparison
from dlbench.metrics import METRICS
from dlbench.record import Record
from dlbench.rows import Row, pool
from dlbench.standings import Standing, compare_rows, judge_records, read_samples, spell_verdict
from dlbench.stats import Estimate, Verdict
from dlbench.summary import summarize

NOISE = (1.0, 1.001, 0.999, 1.002, 0.998)


def rows(records: Sequence[Record]) -> list[Row]:
    return pool(map(summarize, records))


def make_comparison(verdict: Verdict, needed: int | None = None) -> Comparison:
    ratio = Estimate(value=1.0, low=0.9, high=1.1, runs=5)
    return Comparison(ratio=ratio, verdict=verdict, rounds_needed=needed, paired=True, rounds=5)


@pytest.mark.parametrize(
    ("verdict", "needed", "words"),
    [
        ("faster", None, "faster"),
        ("same", None, "same"),
        ("not enough data", 1, "not enough data (about 1 more round)"),
        ("not enough data", 4, "not enough data (about 4 more rounds)"),
        ("not enough data", 101, "not enough data (more than 100 more rounds)"),
        ("not enough data", None, "not enough data"),
    ],
)
def test_a_verdict_says_how_many_rounds_are_missing(
    verdict: Verdict, needed: int | None, words: str
) -> None:
    assert spell_verdict(make_comparison(verdict, needed)) == words


def test_a_rank_is_every_place_that_the_verdicts_leave_open() -> None:
    """Of four, only the ends are told apart: what lies between may be anywhere beside them."""
    four = tuple(rows(make_rounds("torch", 1.0, NOISE)) * 4)
    open_pair = make_comparison("not enough data", 3)
    pairs = {(a, b): open_pair for a in range(4) for b in range(a + 1, 4)}
    assert Standing(four, pairs).ranks == ["1-4", "1-4", "1-4", "1-4"]
    pairs[0, 3] = make_comparison("faster")
    assert Standing(four, pairs).ranks == ["1-3", "1-4", "1-4", "2-4"]
    pairs |= {(0, 1): make_comparison("faster"), (0, 2): make_comparison("faster")}
    pairs[1, 2] = make_comparison("same")
    assert Standing(four, pairs).ranks == ["1", "2-4", "2-4", "2-4"]
    pairs |= {(1, 3): make_comparison("faster"), (2, 3): make_comparison("faster")}
    assert Standing(four, pairs).ranks == ["1", "2-3", "2-3", "4"]
    pairs[1, 2] = make_comparison("slower")
    assert Standing(four, pairs).ranks == ["1", "3", "2", "4"]


def test_two_rows_are_described_by_their_ratio() -> None:
    records = make_rounds("torch", 0.5, NOISE) + make_rounds("tensorflow", 1.0, NOISE)
    standing = judge_records(records)
    assert standing is not None
    assert standing.describe() == "torch-2.13.0 / tensorflow-2.21.0 0.500 [0.500, 0.500]: faster"
    first = judge_records([records[0], records[5]])
    assert first is not None
    assert first.describe() == (
        "torch-2.13.0 / tensorflow-2.21.0 0.500: not enough data (about 4 more rounds)"
    )


def test_names_tell_rows_apart() -> None:
    records = make_rounds("torch", 0.5, NOISE, axes=NHWC)
    records += make_rounds("torch", 0.6, NOISE, axes=NCHW)
    records += make_rounds("numpy", 9.0, NOISE, axes={"batch_size": "16"})
    standing = judge_records(records)
    assert standing is not None
    assert standing.describe() == (
        "1 torch-2.13.0 layout=NHWC, 2 torch-2.13.0 layout=NCHW, 3 numpy-2.4.6; "
        "every pair has a verdict"
    )


def test_work_is_what_all_rows_have_in_common() -> None:
    quick = judge_records(make_rounds("torch", 0.5, NOISE, axes=NHWC, quick=True))
    assert quick is not None
    assert quick.work == "tiny batch_size=16 quick"


def test_one_row_says_nothing_and_none_is_none() -> None:
    alone = judge_records(make_rounds("torch", 0.5, NOISE))
    assert alone is not None
    assert (alone.describe(), alone.comparisons, alone.has_intervals) == ("", (), False)
    assert judge_records([make_failure("a1", "oom", "missing")]) is None


def test_samples_are_keyed_by_campaign_and_round_and_none_is_lost() -> None:
    records = make_rounds("torch", 0.5, (1.0, 2.0)) + make_rounds("torch", 0.5, (3.0,))
    (row,) = rows([records[0], records[1], *records[2:]])
    assert read_samples(row, METRICS["step"]) == {
        "c001/1": 0.5,
        "c001/2": 1.0,
        "c001/1 torch1": 1.5,
    }


def test_of_what_more_is_better_less_of_is_slower() -> None:
    ours, theirs = rows(make_rounds("torch", 0.5, NOISE) + make_rounds("jax", 1.0, NOISE))
    rate = METRICS["items_per_second"]
    assert compare_rows(ours, theirs, rate).verdict == "faster"
    assert compare_rows(theirs, ours, rate).verdict == "slower"
    assert compare_rows(ours, theirs, rate).ratio.value == pytest.approx(0.5)
