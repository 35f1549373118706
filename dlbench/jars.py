"""Locked jars: ``jars.txt``, a line "sha256 bytes path" for each, the path as Maven lays it out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

#: The file that names the jars of an image, in its folder and in its build context.
LOCK = "jars.txt"
#: What an image folder has where its jars are asked for: the format is Maven's own.
SOURCE = "pom.xml"

_LINE = re.compile(r"([0-9a-f]{64}) (\d+) (\S+)")


class Jar(Struct, frozen=True, kw_only=True):
    """One file of a Maven repository."""

    #: ``org/nd4j/nd4j-api/1.0/nd4j-api-1.0.jar``.
    path: str
    sha256: str
    size_bytes: int

    @property
    def name(self) -> str:
        """Group, artifact and classifier, as ``org.nd4j:nd4j-api``."""
        *group, artifact, version, file_name = self.path.split("/")
        classifier = file_name.removeprefix(f"{artifact}-{version}").removesuffix(".jar")
        return ":".join((".".join(group), artifact, *filter(None, [classifier[1:]])))

    @property
    def version(self) -> str:
        """The version, which the path names."""
        return self.path.split("/")[-2]


def parse(text: str) -> list[Jar]:
    """Read a lock; raises ValueError at a line that is not one jar with its hash."""
    lines = (line.strip() for line in text.splitlines())
    return [_read_line(line) for line in lines if line and not line.startswith("#")]


def write(jars: Iterable[Jar]) -> str:
    """Return the lines of a lock."""
    rows = sorted(jars, key=lambda jar: jar.path)
    return "".join(f"{jar.sha256} {jar.size_bytes} {jar.path}\n" for jar in rows)


def pins(text: str) -> dict[str, str]:
    """Return name -> version of a lock."""
    return {jar.name: jar.version for jar in parse(text)}


def survey(folder: Path) -> list[Jar]:
    """Return every jar below ``folder``, which is laid out as a Maven repository."""
    return [_measure(path, folder) for path in sorted(folder.rglob("*.jar"))]


def _measure(path: Path, folder: Path) -> Jar:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = path.relative_to(folder).as_posix()
    return Jar(path=name, sha256=digest, size_bytes=path.stat().st_size)


def _read_line(line: str) -> Jar:
    match = _LINE.fullmatch(line)
    if match is None or match[3].count("/") < 3 or ".." in match[3] or match[3].startswith("/"):
        raise ValueError(f"{line!r} is not a sha256, a size and a path in a Maven repository")
    return Jar(path=match[3], sha256=match[1], size_bytes=int(match[2]))
