"""Locked requirements: pip's own file format, every version pinned, every file hashed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from msgspec import Struct

#: An option of pip's that a lock may have: these packages are built from their source archives.
_SOURCES = re.compile(r"^--no-binary[ =]+([\w.-]+(?:,[\w.-]+)*)[ ]*$", re.MULTILINE)
#: What building a source archive takes.
_TOOLS = frozenset({"setuptools", "wheel"})
_ARCHIVE = re.compile(
    r"(?P<name>.+?)-(?P<version>[0-9][^-]*?)(?:-(?P<again>[0-9]+))?(?:\.tar\.gz|\.zip)"
)
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
    return format_sources(sources(text) - set(names)) + "".join(f"{block}\n" for block in kept)


def sources(text: str) -> set[str]:
    """Return the packages that a lock, or what it is made of, takes as source archives."""
    found: list[str] = _SOURCES.findall(text)
    return {canonical(name) for names in found for name in names.split(",")}


def format_sources(names: Collection[str]) -> str:
    """Return the line of a lock that ``sources`` reads; nothing without names."""
    return f"--no-binary {','.join(sorted(names))}\n" if names else ""


def tools(text: str) -> str:
    """Return the requirements of a lock that have to be there before its sources are built.

    Raises ValueError where the lock has sources and does not pin these tools.
    """
    if not sources(text):
        return ""
    found = [item for item in parse(text) if item.name in _TOOLS]
    missing = sorted(_TOOLS - {item.name for item in found})
    if missing:
        raise ValueError(f"building from source needs {' and '.join(missing)}, which is not pinned")
    return "".join(f"{item.text}\n" for item in found)


def pins(text: str) -> dict[str, str]:
    """Return name -> version of a lock."""
    return {item.name: item.version for item in parse(text)}


def wheel_name(file_name: str) -> tuple[str, str]:
    """Return (name, version) of a wheel by its file name; raises ValueError if it is none."""
    parts = file_name.removesuffix(".whl").split("-")
    if not file_name.endswith(".whl") or len(parts) not in {5, 6}:
        raise ValueError(f"{file_name!r} is not the name of a wheel")
    return canonical(parts[0]), parts[1]


def archive_name(file_name: str) -> tuple[str, str]:
    """Return (name, version) of a source archive by its file name; raises ValueError.

    An old spelling of a later release of the same sources, ``3.2.3-2``, is ``3.2.3.post2``.
    """
    match = _ARCHIVE.fullmatch(file_name)
    if match is None:
        raise ValueError(f"{file_name!r} is not the name of a source archive")
    again = f".post{match['again']}" if match["again"] else ""
    return canonical(match["name"]), match["version"] + again


def file_pin(file_name: str) -> tuple[str, str]:
    """Return (name, version) of a wheel or a source archive; raises ValueError."""
    return wheel_name(file_name) if file_name.endswith(".whl") else archive_name(file_name)


def _blocks(text: str) -> Iterator[str]:
    block: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or _SOURCES.match(line):
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
