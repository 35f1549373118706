"""How many rounds: what may be written."""

from __future__ import annotations

import pytest

from dlbench.judgement import ROUNDS_AT_LEAST, ROUNDS_AT_MOST
from dlbench.rounds import UNTIL_VERDICT, Rounds, parse_rounds


@pytest.mark.parametrize(
    ("text", "rounds", "words"),
    [
        ("1", Rounds(1, 1), "1"),
        ("40", Rounds(40, 40), "40"),
        ("5..15", Rounds(5, 15), "5 to 15"),
        (" 2..6", Rounds(2, 6), "2 to 6"),
    ],
)
def test_rounds(text: str, rounds: Rounds, words: str) -> None:
    assert parse_rounds(text) == rounds
    assert str(rounds) == words


@pytest.mark.parametrize("text", ["", "0", "0..5", "6..5", "5..", "..5", "-1", "five", "5...9"])
def test_what_is_no_number_of_rounds(text: str) -> None:
    with pytest.raises(ValueError, match=r"a whole number of at least 1, or a span such as 5..15"):
        parse_rounds(text)


@pytest.mark.parametrize("text", ["5..16", "1..99", "20..30"])
def test_verdicts_bear_only_so_many_looks(text: str) -> None:
    with pytest.raises(ValueError, match=r"a span that ends by 15, or one exact number"):
        parse_rounds(text)


def test_judging_knows_the_same_numbers() -> None:
    assert (ROUNDS_AT_LEAST, ROUNDS_AT_MOST) == UNTIL_VERDICT
