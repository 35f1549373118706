"""Source lines: how long a framework's users write a network, as ``source_lines.yaml`` has it.

Counted are hand-written scripts; adapters would measure dlbench instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from dlbench.errors import ScenarioError
from dlbench.yaml_file import parse

#: The name of the file in each folder of studies.
FILE = "source_lines.yaml"

#: Version of its format.  1: first.
FORMAT = 1


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One script of one framework, counted."""

    framework: str
    #: The version of the framework that it is written for.
    version: str
    language: str
    #: What it computes, whatever the framework.
    script: str
    file: str
    lines: int


class SourceLines(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted, by which tool and which rule."""

    tool: str = ""
    rule: str = ""
    scripts: tuple[Script, ...] = ()

    def find(self, framework: str, script: str, image: str) -> Script | None:
        """Return a framework's script for the version in ``image``, else the last one listed."""
        found = [one for one in self.scripts if (one.framework, one.script) == (framework, script)]
        named = [one for one in found if image == f"{framework}-{one.version}"]
        return next(iter(named or found[-1:]), None)


class _File(SourceLines, frozen=True, kw_only=True):
    format: int


def load(folders: Iterable[Path]) -> SourceLines:
    """Return what is counted in the first folder that has the file, nothing where none has.

    Raises ScenarioError.
    """
    for folder in folders:
        path = folder / FILE
        if path.is_file():
            return read(path)
    return SourceLines()


def read(path: Path) -> SourceLines:
    """Return what a file has; raises ScenarioError."""
    document = parse(path)
    if document.get("format") != FORMAT:
        raise ScenarioError(
            f"{path}: format: {document.get('format')}, this dlbench reads {FORMAT}",
            "update dlbench",
        )
    try:
        return msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {error}", "benchmarks/source_lines.py makes it") from None
