"""Reads a YAML document against tables of fields, and gathers everything that is wrong with it.

A table says for each key what its value must be and what it is where the file says nothing.  Every
problem names the file, the path of keys, what was found and what would mend it; they are raised
together, so that a user mends a file once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from dlbench.errors import ScenarioError, nearest
from dlbench.yaml_file import abridge

#: Returns the value in its canonical form, or raises ValueError with what was expected.
Check: TypeAlias = Callable[[Any], Any]

REQUIRED = object()

#: Whole numbers are sizes and counts; what is above this is a slip of the pen.
GREATEST = 2**31 - 1


class Field(Struct, frozen=True):
    """What a key's value must be, and its default; ``like`` names the key whose value it takes."""

    check: Check
    default: Any = REQUIRED
    like: str = ""


Fields: TypeAlias = Mapping[str, Field]


class Problems:
    """What is wrong with one file, in the order it was found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, path: str, message: str) -> None:
        """Keep one problem; the same one found twice is kept once."""
        line = f"{self.file}: {path}: {message}" if path else f"{self.file}: {message}"
        if line not in self.lines:
            self.lines.append(line)

    def raise_any(self) -> None:
        """Raise ScenarioError with every problem, if there is one."""
        if self.lines:
            raise ScenarioError("\n".join(self.lines))


class Reader:
    """Reads values of one document, filling in parameters written ``$name``.

    Without ``values`` such references stay as they are written, which gives the template that a
    digest is made from.
    """

    def __init__(
        self,
        problems: Problems,
        parameters: Iterable[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.problems = problems
        self.parameters = frozenset(parameters)
        self.values = values

    def read(self, raw: Any, check: Check, path: str) -> Any:
        """Return ``raw`` in its canonical form, or None after noting what is wrong with it."""
        if isinstance(raw, str) and raw.startswith("$"):
            name = raw[1:]
            if name not in self.parameters:
                fix = nearest(name, self.parameters)
                self.problems.add(path, f"no parameter {name!r} in this file; {fix}")
                return None
            if self.values is None:
                return raw
            raw = self.values[name]
        try:
            return check(raw)
        except ValueError as mismatch:
            self.problems.add(path, f"expected {mismatch}, found {abridge(raw)}")
            return None

    def mapping(self, raw: Any, path: str) -> dict[str, Any]:
        """Return ``raw`` as a mapping with text keys; None counts as an empty one."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.problems.add(path, f"expected a mapping of keys to values, found {abridge(raw)}")
            return {}
        return {spell(key): value for key, value in raw.items()}

    def fields(self, raw: Any, fields: Fields, path: str) -> dict[str, Any]:
        """Return every field of ``fields`` as ``raw`` gives it, or its default."""
        given = self.mapping(raw, path)
        for key in (key for key in given if key not in fields):
            self.problems.add(path, f"unknown key {key!r}; {nearest(key, fields)}")
        found: dict[str, Any] = {}
        for key, field in fields.items():
            if key in given:
                found[key] = self.read(given[key], field.check, join(path, key))
            elif field.like:
                found[key] = found[field.like]
            elif field.default is REQUIRED:
                self.problems.add(path, f"missing key {key!r}")
                found[key] = None
            else:
                found[key] = field.default
        return found


def join(path: str, key: str) -> str:
    """Return the path of ``key`` under ``path``."""
    return f"{path}: {key}" if path else key


def spell(value: Any) -> str:
    """Return a value as a user types it: ``on`` and ``off`` for YAML's truth values."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def whole(value: Any) -> int:
    """Check for a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= GREATEST:
        raise ValueError("a whole number of at least 1")
    return value


def natural(value: Any) -> int:
    """Check for a whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= GREATEST:
        raise ValueError("a whole number of at least 0")
    return value


def number(value: Any) -> float:
    """Check for a finite number of at least 0; ``1e-8`` is one, although YAML reads it as text."""
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        found = math.nan
    if not (0 <= found < math.inf):
        raise ValueError("a number of at least 0")
    return found


def positive(value: Any) -> float:
    """Check for a finite number above 0."""
    try:
        found = number(value)
    except ValueError:
        found = 0.0
    if found == 0:
        raise ValueError("a number above 0")
    return found


def share(value: Any) -> float:
    """Check for a number of at least 0 and under 1."""
    try:
        found = number(value)
    except ValueError:
        found = 1.0
    if found >= 1:
        raise ValueError("a number of at least 0 and under 1")
    return found


def flag(value: Any) -> bool:
    """Check for a truth value."""
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - every check raises ValueError
    return value


def text(value: Any) -> str:
    """Check for a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def sizes(value: Any) -> list[int]:
    """Check for a list of whole numbers, each at least 1."""
    if not isinstance(value, list) or not value:
        raise ValueError("a list of whole numbers, each at least 1")
    try:
        return [whole(size) for size in value]
    except ValueError:
        raise ValueError("a list of whole numbers, each at least 1") from None


def pair(value: Any) -> list[int]:
    """Check for a height and a width; one number stands for both."""
    try:
        found = sizes(value if isinstance(value, list) else [value, value])
    except ValueError:
        found = []
    if len(found) != 2:
        raise ValueError("a whole number of at least 1, or two of them: [height, width]")
    return found


def choice(*allowed: str) -> Check:
    """Return a check for one of ``allowed``."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return str(value)

    return check


def anything(value: Any) -> Any:
    """Take the value as it is: something else reads it."""
    return value
