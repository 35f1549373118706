"""YAML files by anybody: read whatever they hold, and shown in a message however long they are."""

from __future__ import annotations

import functools
import itertools
import reprlib
from pathlib import Path
from typing import Any

import yaml

from dlbench.errors import ScenarioError

#: A scenario has some kilobytes; what has more is something else.
GREATEST_BYTES = 2**20

#: Lists and mappings inside each other; an alias can make a document endless.
DEEPEST = 30


def parse(path: Path) -> dict[Any, Any]:
    """Return the YAML document in ``path``; raises ScenarioError where it is none."""
    try:
        with path.open("rb") as file:
            content = file.read(GREATEST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        reason = getattr(failure, "strerror", None) or "it is not UTF-8 text"
        raise ScenarioError(f"{path}: cannot be read: {reason}") from failure
    if len(content) > GREATEST_BYTES:
        raise ScenarioError(f"{path}: more than {GREATEST_BYTES >> 20} MiB: this is no scenario")
    try:
        _check_depth(path, text)
        document = yaml.load(text, Loader=_loader())
    except yaml.YAMLError as failure:
        raise ScenarioError(f"{path}{_place(failure)}") from failure
    if not isinstance(document, dict):
        raise ScenarioError(
            f"{path}: expected a mapping of keys to values, found {abridge(document)}"
        )
    if _is_deeper(document, DEEPEST, set()):
        raise ScenarioError(f"{path}: nested more than {DEEPEST} deep, or an alias within itself")
    return document


def _is_deeper(node: Any, levels: int, seen: set[tuple[int, int]]) -> bool:
    """Return whether lists and mappings are nested deeper than ``levels``.

    What was ``seen`` so deep already is not searched again: aliases make one part a billion.
    """
    if levels < 0 or (id(node), levels) in seen:
        return levels < 0
    seen.add((id(node), levels))
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return any(_is_deeper(value, levels - 1, seen) for value in inside)


def _check_depth(path: Path, text: str) -> None:
    """Raise ScenarioError where collections are nested so deeply that loading them would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST and event.start_mark is not None:
            line = event.start_mark.line + 1
            raise ScenarioError(f"{path}: line {line}: nested more than {DEEPEST} deep")


class _Brief(reprlib.Repr):
    """Writes the beginning of a value; unlike its base, leaves keys in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxother, self.maxstring = 2, 60, 60

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0:
            return "{...}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in itertools.islice(x.items(), self.maxdict)
        ]
        return "{" + ", ".join(shown + ["..."] * (len(x) > self.maxdict)) + "}"


def abridge(value: Any) -> str:
    """Return how a value is written, cut where it is long, for it may hold itself many times."""
    return _Brief().repr(value)


@functools.cache
def _loader() -> Any:
    """Make the safe loader that also refuses a key given twice (YAML itself takes the last)."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    problem = f"the key {key.value!r} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(str(key.value))
            mapping: dict[Any, Any] = super().construct_mapping(node, deep)
            return mapping

    return Loader


def _place(failure: Exception) -> str:
    if isinstance(failure, yaml.MarkedYAMLError) and failure.problem_mark is not None:
        mark = failure.problem_mark
        return f": line {mark.line + 1}, column {mark.column + 1}: {failure.problem}"
    return f": cannot be read as YAML: {' '.join(str(failure).split())}"
