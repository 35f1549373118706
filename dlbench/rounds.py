"""Rounds: how many passes a campaign makes over its cells, exactly or as its verdicts need them."""

from __future__ import annotations

import re
from typing import NamedTuple

_TEXT = re.compile(r"(\d{1,6})(?:\.\.(\d{1,6}))?")


class Rounds(NamedTuple):
    """At least and at most so many passes; the same number twice is exact."""

    at_least: int
    at_most: int

    def __str__(self) -> str:
        """Return the rounds as people read them."""
        if self.at_least == self.at_most:
            return str(self.at_least)
        return f"{self.at_least} to {self.at_most}"


#: One pass: nothing but a look.
ONCE = Rounds(1, 1)

#: What a scenario that compares speed is given in its full plan, unless its file says otherwise:
#: no verdict rests on fewer rounds, and after the last of them there is none to be had.
UNTIL_VERDICT = Rounds(5, 15)


def parse_rounds(text: str) -> Rounds:
    """Return what ``5`` (exactly) or ``5..15`` (as many as the verdicts need) asks for.

    Raises ValueError, with what was expected, for anything else.
    """
    found = _TEXT.fullmatch(text.strip())
    at_least = int(found[1]) if found else 0
    at_most = int(found[2] or at_least) if found else 0
    if not 1 <= at_least <= at_most:
        raise ValueError("a whole number of at least 1, or a span such as 5..15")
    if at_least < at_most and at_most > UNTIL_VERDICT.at_most:
        # Each look for a verdict is another chance of a false one; these are all that is granted.
        raise ValueError(f"a span that ends by {UNTIL_VERDICT.at_most}, or one exact number")
    return Rounds(at_least, at_most)
