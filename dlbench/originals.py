"""The original files of a dataset: found in whatever holds them, and checked by hash.

A source or a user hands over files, folders, or archives (gzip, tar, .deb).  What counts is the
content: a file is taken when its uncompressed bytes have a wanted hash, whatever its name.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import subprocess
import tarfile
import zlib
from typing import TYPE_CHECKING, cast

import msgspec

from dlbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

CHUNK_BYTES = 1 << 20

#: What reading a packed file raises where it is cut off or damaged.
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError)


class OriginalFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an uncompressed original file must be; ``md5`` as its authors published it."""

    bytes: int
    sha256: str
    md5: str = ""

    def matches(self, sha256: str, md5: str) -> bool:
        """Say whether a file with these hashes is this one."""
        return sha256 == self.sha256 and self.md5 in {"", md5}


def hash_file(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_both(path: Path) -> tuple[str, str]:
    """Return the sha256 and the md5 of a file."""
    with path.open("rb") as stream:
        md5 = hashlib.file_digest(stream, functools.partial(hashlib.md5, usedforsecurity=False))
    return hash_file(path), md5.hexdigest()


def collect(
    paths: Iterable[Path], wanted: Mapping[str, OriginalFile], into: Path
) -> dict[str, str]:
    """Put every wanted file that ``paths`` hold into the folder ``into``, uncompressed.

    Returns, for each file that is missing or is not what it should be, why.  Raises DataError for
    paths that cannot be read.
    """
    wrong: dict[str, str] = {}
    for path in paths:
        for name, stream in open_members(path):
            take(name, stream, wanted, into, wrong)
    return {
        name: wrong.get(name, f"{name} is missing")
        for name in wanted
        if not (into / name).is_file()
    }


def take(
    name: str,
    stream: io.BufferedReader,
    wanted: Mapping[str, OriginalFile],
    into: Path,
    wrong: dict[str, str],
) -> None:
    """Keep one member if its content is wanted; note in ``wrong`` why one of that name is not."""
    plain_name = name.rpartition("/")[2].removesuffix(".gz")
    limit_bytes = max(file.bytes for file in wanted.values())
    part = into / "member.part"
    try:
        found = copy_plain(stream, part, limit_bytes)
    except BROKEN as error:
        wrong[plain_name] = f"{plain_name} is not whole ({error})"
        return
    for wanted_name, file in wanted.items():
        if file.matches(*found):
            part.replace(into / wanted_name)
            return
    part.unlink()
    if plain_name in wanted:
        expected = wanted[plain_name].sha256
        wrong[plain_name] = f"{plain_name} has sha256 {found[0][:12]}..., not {expected[:12]}..."


def copy_plain(stream: io.BufferedReader, to: Path, limit_bytes: int) -> tuple[str, str]:
    """Copy a stream uncompressed, no further than just past the limit; return sha256 and md5."""
    zipped = stream.peek(2)[:2] == b"\x1f\x8b"
    plain: io.BufferedIOBase = gzip.GzipFile(fileobj=stream) if zipped else stream
    digests = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    copied_bytes = 0
    with to.open("wb") as copy:
        while copied_bytes <= limit_bytes and (chunk := plain.read(CHUNK_BYTES)):
            copied_bytes += copy.write(chunk)
            for digest in digests:
                digest.update(chunk)
    return digests[0].hexdigest(), digests[1].hexdigest()


def open_members(path: Path) -> Iterator[tuple[str, io.BufferedReader]]:
    """Open, one after another, the files that ``path`` is or holds.

    Raises DataError for what cannot be read.
    """
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file():
                yield from open_members(inner)
        return
    try:
        with path.open("rb") as stream:
            is_debian = stream.read(8) == b"!<arch>\n"
        if is_debian:
            yield from debian_members(path)
        elif archive := open_tar(path):
            with archive:
                yield from tar_members(archive)
        else:
            with path.open("rb") as stream:
                yield path.name, stream
    except FileNotFoundError as error:
        raise DataError(f"{error.filename} does not exist") from error
    except BROKEN as error:
        raise DataError(f"{path.name} cannot be unpacked: {error}") from error


def open_tar(path: Path) -> tarfile.TarFile | None:
    """Open a tar archive; None for any other file, be it one of zeros, which is an empty tar."""
    try:
        archive = tarfile.open(path)  # noqa: SIM115 (the caller closes it)
        if archive.next() is not None:
            return archive
        archive.close()
    except BROKEN:
        pass
    return None


def tar_members(archive: tarfile.TarFile) -> Iterator[tuple[str, io.BufferedReader]]:
    """Open each regular file of a tar archive in turn."""
    for member in archive:
        stream = archive.extractfile(member) if member.isfile() else None
        if stream is not None:
            yield member.name, cast("io.BufferedReader", stream)


def debian_members(path: Path) -> Iterator[tuple[str, io.BufferedReader]]:
    """Open each file that a .deb holds; nothing of it is installed or run."""
    command = ["dpkg-deb", "--fsys-tarfile", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                yield from tar_members(archive)
        finally:
            process.kill()
