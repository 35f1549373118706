"""Locked requirements: pip's own file format, every version pinned, every file hashed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from msgspec import Struct

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;([^\\]*))?")


class Requirement(Struct, frozen=True, kw_only=True):
    """One pinned requirement as a lock has it."""

    name: str
    version: str
    #: The environment marker, for what only some interpreters or platforms need.
    marker: str
    hashes: tuple[str, ...]
    #: The lines as they stand in the file.
    text: str


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(text: str) -> list[Requirement]:
    """Read a lock; raises ValueError at a line that pins nothing or has no hash."""
    return [_requirement(block) for block in _blocks(text)]


def without(text: str, names: Collection[str]) -> str:
    """Return the lock without the requirements ``names`` (canonical)."""
    if not names:
        return text
    kept = [item.text for item in parse(text) if item.name not in names]
    return "".join(f"{block}\n" for block in kept)


def pins(text: str) -> dict[str, str]:
    """Return name -> version of a lock."""
    return {item.name: item.version for item in parse(text)}


def wheel_name(file_name: str) -> tuple[str, str]:
    """Return (name, version) of a wheel by its file name; raises ValueError if it is none."""
    parts = file_name.removesuffix(".whl").split("-")
    if not file_name.endswith(".whl") or len(parts) not in {5, 6}:
        raise ValueError(f"{file_name!r} is not the name of a wheel")
    return canonical(parts[0]), parts[1]


def _blocks(text: str) -> Iterator[str]:
    block: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        block.append(line)
        if not line.rstrip().endswith("\\"):
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _requirement(block: str) -> Requirement:
    match = _NAME.match(block)
    hashes = tuple(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
    if match is None:
        raise ValueError(f"{block.splitlines()[0]!r} pins no version")
    if not hashes:
        raise ValueError(f"{block.splitlines()[0]!r} has no sha256 hash")
    name, version, marker = match.groups()
    return Requirement(
        name=canonical(name),
        version=version,
        marker=(marker or "").strip(),
        hashes=hashes,
        text=block,
    )
