"""bAbI's second task as arrays, by ``dlbench data import``; babi_files.py says of which files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from babi_files import LINES, SHARED, declare_task_2, which_files
from typer.testing import CliRunner

from dlbench import datasets, declaration
from dlbench.cli.data import app
from dlbench.declaration import Declaration, find_declaration
from dlbench.stories import number_words, read_questions


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Declaration, Path, Path]:
    """Return the declaration, the folder of the files, and that of the arrays."""
    declared, folder = declare_task_2(tmp_path)
    for module in (datasets, declaration):
        monkeypatch.setattr(module, "declarations", lambda: {"babi-qa2": declared})
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    done = CliRunner().invoke(app, ["import", "babi-qa2", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, which_files()
    assert "(from imported files)" in done.stdout
    return declared, folder, tmp_path / "cache" / "data" / f"babi-qa2-{declared.digest}"


def test_the_arrays_are_the_words_of_the_files(
    imported: tuple[Declaration, Path, Path],
) -> None:
    declared, folder, arrays = imported
    questions = {
        name: read_questions(next(folder.rglob(file)))
        for name, file in zip(("train", "test"), declared.files, strict=True)
    }
    numbers = number_words([*questions["train"], *questions["test"]])
    words = ["", *numbers]
    assert len(words) == declared.classes
    for name, asked in questions.items():
        found = {
            part: np.load(arrays / f"{name}_{part}.npy")
            for part in ("stories", "questions", "answers")
        }
        assert all(array.dtype == np.int32 for array in found.values())
        for place, one in enumerate(asked):
            for part, text in (("stories", one.story), ("questions", one.question)):
                row = [words[number] for number in found[part][place]]
                assert tuple(row[len(row) - len(text) :]) == text
                assert set(row[: len(row) - len(text)]) <= {""}
            assert words[found["answers"][place]] == one.answer
        assert [len(array) for array in found.values()] == [len(asked)] * 3


def test_the_sizes_are_those_that_were_published() -> None:
    declared = find_declaration("babi-qa2")
    assert declared.arrays["train_stories"].shape == (1000, 552)
    assert declared.arrays["test_questions"].shape == (1000, 5)
    assert declared.classes == declared.arrays["train_stories"].vocabulary == 36


def test_the_tests_own_lines_are_of_the_same_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in for the real files where they are absent works here as well."""
    monkeypatch.setattr("babi_files.SHARED", tmp_path / "absent")
    declared, folder = declare_task_2(tmp_path)
    from dlbench.array_cache import obtain

    dataset = obtain(declared, cache=tmp_path, files=[folder / name for name in LINES])
    stories = np.load(dataset.folder / "train_stories.npy")
    assert stories[:, :6].any(axis=1).tolist() == [False, True]
    assert (tmp_path / "absent") != SHARED
