"""Stories with questions, as the bAbI tasks have them, and the numbers that stand for their words.

A line is ``<number> <sentence>``; a new story begins where the number is 1.  A question has its
answer and the numbers of the sentences that it follows from behind it, between tabs; it is about
all sentences of its story so far.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dlbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Stands where there is no word; words count from 1, in the order of their spelling.
PADDING = 0


class Question(Struct, frozen=True):
    """A question with the story before it, both as words, and its answer."""

    story: tuple[str, ...]
    question: tuple[str, ...]
    answer: str


def read_questions(path: Path) -> list[Question]:
    """Return every question of a file in its order; DataError where a line is of another form."""
    found: list[Question] = []
    told: list[str] = []
    with path.open(encoding="utf-8") as lines:
        for place, line in enumerate(lines, start=1):
            number, _, text = line.strip().partition(" ")
            if not number.isdecimal() or not text:
                raise DataError(f"{path.name}, line {place}: expected a number and a sentence")
            if number == "1":
                told = []
            question, *rest = text.split("\t")
            if not rest:
                told += split_words(question)
                continue
            found.append(Question(tuple(told), split_words(question), rest[0].strip()))
    return found


def split_words(sentence: str) -> tuple[str, ...]:
    """Return the words and the punctuation of a sentence, each a word of its own."""
    return tuple(re.findall(r"\w+|[^\w\s]+", sentence))


def number_words(questions: Iterable[Question]) -> dict[str, int]:
    """Return the number of every word that stories, questions and answers have."""
    words = {word for one in questions for word in (*one.story, *one.question, one.answer)}
    return {word: number for number, word in enumerate(sorted(words), start=PADDING + 1)}


def pad_left(rows: Sequence[Sequence[int]], length: int) -> Any:
    """Return rows of numbers as an int32 array, rows x ``length``, each filled up at its start."""
    import numpy as np

    padded = np.full((len(rows), length), PADDING, np.int32)
    for place, row in enumerate(rows):
        padded[place, length - len(row) :] = row
    return padded
