"""The files of bAbI: those in ``../shared/data/babi`` beside the checkout, else a few lines.

No package registry has them.  The few lines are of the same form, and were written for the tests.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from dlbench.declaration import Declaration, find_declaration

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "babi"

LINES = {
    "qa2_two-supporting-facts_train.txt": """\
1 Mary took the ball there.
2 Mary went to the hall.
3 Where is the ball? \thall\t1 2
4 John went to the garden.
5 Where is the ball? \thall\t1 2
""",
    "qa2_two-supporting-facts_test.txt": """\
1 John took the cup there.
2 John went to the kitchen.
3 Where is the cup? \tkitchen\t1 2
""",
}


def which_files() -> str:
    """Say which files the tests of bAbI take."""
    return "those in ../shared/data/babi" if SHARED.is_dir() else "a few lines of the tests' own"


def declare_task_2(folder: Path) -> tuple[Declaration, Path]:
    """Return the declaration of bAbI's second task, and the folder that has its files."""
    declared = find_declaration("babi-qa2")
    if SHARED.is_dir():
        return declared, SHARED
    for name, text in LINES.items():
        (folder / name).write_text(text, encoding="utf-8")
    files = {
        name: msgspec.structs.replace(
            file,
            bytes=len(LINES[name]),
            sha256=hashlib.sha256(LINES[name].encode()).hexdigest(),
        )
        for name, file in declared.files.items()
    }
    longest = {"story": 18, "question": 5}
    arrays = {
        name: msgspec.structs.replace(
            spec,
            shape=(2 if name.startswith("train") else 1, *filter(None, [longest.get(spec.part)])),
            vocabulary=17,
        )
        for name, spec in declared.arrays.items()
    }
    return msgspec.structs.replace(declared, files=files, arrays=arrays, classes=17), folder
