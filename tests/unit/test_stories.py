from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.errors import DataError
from dlbench.stories import Question, number_words, pad_left, read_questions, split_words

TEXT = """\
1 Mary took the ball there.
2 Where is the ball? \thall\t1
3 John went back.
4 Where is John?\tgarden\t3 1
1 John left.
2 Where is John? \tkitchen\t1
"""


def test_a_question_is_about_all_that_was_told_since_the_story_began(tmp_path: Path) -> None:
    path = tmp_path / "tales.txt"
    path.write_text(TEXT)
    told = ("Mary", "took", "the", "ball", "there", ".")
    where = ("Where", "is", "John", "?")
    assert read_questions(path) == [
        Question(told, ("Where", "is", "the", "ball", "?"), "hall"),
        Question((*told, "John", "went", "back", "."), where, "garden"),
        Question(("John", "left", "."), where, "kitchen"),
    ]


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tales.txt"
    path.write_text("1 Mary left.\nWhere is Mary?\n")
    with pytest.raises(DataError, match=r"tales\.txt, line 2: expected a number and a sentence"):
        read_questions(path)


def test_punctuation_is_a_word_of_its_own() -> None:
    assert split_words("Bob dropped the apple. ") == ("Bob", "dropped", "the", "apple", ".")
    assert split_words("What is it?") == ("What", "is", "it", "?")


def test_words_count_from_one_by_their_spelling() -> None:
    questions = [Question(("b", "a", "."), ("a", "?"), "c"), Question(("B",), (), "b")]
    assert number_words(questions) == {".": 1, "?": 2, "B": 3, "a": 4, "b": 5, "c": 6}


def test_rows_are_filled_up_at_their_start() -> None:
    padded = pad_left([[1, 2], [], [3, 4, 5]], 3)
    assert padded.tolist() == [[0, 1, 2], [0, 0, 0], [3, 4, 5]]
    assert padded.dtype.name == "int32"
