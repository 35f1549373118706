from __future__ import annotations

from types import SimpleNamespace

import pytest
from chosen_tests import is_left_out


class Test:
    __test__ = False

    def __init__(self, *marks: SimpleNamespace) -> None:
        self.marks = marks

    def get_closest_marker(self, name: str) -> object | None:
        return next(iter(self.iter_markers(name)), None)

    def iter_markers(self, name: str) -> list[SimpleNamespace]:
        return [mark for mark in self.marks if mark.name == name]


FULL = SimpleNamespace(name="full", args=())
OLD = SimpleNamespace(name="image", args=("old-1.0",))
NEW = SimpleNamespace(name="image", args=("new-2.0", "new-3.0"))


@pytest.mark.parametrize(
    ("marks", "full", "missing", "left_out"),
    [
        ((), False, [], False),
        ((FULL,), False, [], True),
        ((FULL,), True, [], False),
        ((OLD,), False, ["new-3.0"], False),
        ((OLD,), False, ["old-1.0"], True),
        ((NEW,), False, ["new-3.0"], True),
        ((OLD, NEW), True, ["new-2.0"], True),
        ((FULL, OLD), True, [], False),
    ],
)
def test_what_is_left_out(
    marks: tuple[SimpleNamespace, ...], full: bool, missing: list[str], left_out: bool
) -> None:
    assert is_left_out(Test(*marks), full=full, missing=missing) is left_out
