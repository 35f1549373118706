"""A few of the planted lies, in real containers: caught by what names them, the honest by nothing.

``benchmarks/lies.py`` tries all of them, on torch too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dlbench_lies.cases import HONEST, Case
from dlbench_lies.court import Court, open_court

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with open_court("docker") as opened:
        yield opened


@pytest.mark.parametrize(
    ("lie", "named"),
    [
        ("asynchronous_timing", "synchronization"),
        ("update_race", "gradients"),
        ("wrong_epsilon", "optimizer rmsprop"),
    ],
)
def test_a_lie_is_caught_by_the_check_that_names_it(court: Court, lie: str, named: str) -> None:
    finding = court.try_case(Case(base="numpy", lie=lie))
    assert not finding.trouble
    assert named in finding.failed


def test_nothing_is_found_in_what_is_honest(court: Court) -> None:
    finding = court.try_case(Case(base="numpy", lie=HONEST))
    assert not finding.trouble
    assert finding.failed == ()
