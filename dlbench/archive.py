"""Archives of records: one file with records, their scenarios and the locks of their images.

    manifest.json                   format of the archive, and what is in it
    records/<run id>.json           redacted
    scenarios/<name>-<digest>.yaml  as the records have them
    images/<image id>/<file>        what the image is built from: Dockerfile, pins, hashes

The same records give the same bytes: nothing in an archive tells when or by whom it was made.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench.errors import StoreError
from dlbench.record import Record
from dlbench.redaction import Secrets, find_secrets, redact
from dlbench.store import RecordError, Store, decode_record, encode_record, write_whole

#: Version of the archive format.  1: first.
FORMAT = 1

#: No file in an archive is larger; a record of a very long run has a few megabytes.
LARGEST_BYTES = 64 * 2**20
CHUNK_BYTES = 65536

#: Files of an image's folder that are worth keeping with the records.
LOCK_FILE_BYTES = 2**20

MANIFEST = "manifest.json"

#: Where imported scenarios and image files go below the results, hidden from the store.
EXTRAS = ".imported"
_SAFE = re.compile(r"[^\w.+=-]")


class Manifest(Struct, frozen=True, kw_only=True):
    """What an archive says of itself."""

    format: int
    records: int
    scenarios: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


class Import(Struct, frozen=True, kw_only=True):
    """What became of an archive's records."""

    saved: tuple[Path, ...]
    #: Run ids that were there already, and were left as they are.
    present: tuple[str, ...]
    #: Where the archive's scenarios and image files were put, if it has any.
    extras: Path | None = None


def write_archive(
    path: Path,
    records: Callable[[], Iterable[Record]],
    image_folders: Mapping[str, Path],
    *,
    users: Iterable[str] = (),
    folders: Iterable[str] = (),
) -> Manifest:
    """Write ``records``, redacted, into a new archive at ``path``; raises StoreError.

    ``records`` is called twice and yields them one by one, for together they may be large.
    ``users`` and ``folders`` are names that must not be seen, besides those found in the records.
    """
    if path.exists():
        raise StoreError(f"{path} is there already", "choose another name: nothing is overwritten")
    secrets = find_secrets(records(), users=users, folders=folders)
    content, manifest = pack(records, secrets, image_folders)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return manifest


def pack(
    records: Callable[[], Iterable[Record]], secrets: Secrets, image_folders: Mapping[str, Path]
) -> tuple[bytes, Manifest]:
    """Return the bytes of an archive: in a fixed order, without owners and times."""
    extras: dict[str, bytes] = {}
    stream = io.BytesIO()
    count = 0
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for record in records():
            clean = redact(record, secrets)
            add_member(archive, f"records/{clean.run_id}.json", encode_record(clean))
            count += 1
            scenario = f"{_safe(clean.scenario.name)}-{clean.scenario.digest[:12]}"
            extras[f"scenarios/{scenario}.yaml"] = clean.scenario.file_text.encode()
            image = clean.image.image_id
            if image in image_folders:
                extras |= read_image_files(image, image_folders[image])
        manifest = Manifest(
            format=FORMAT,
            records=count,
            scenarios=_names(extras, "scenarios"),
            images=_names(extras, "images"),
        )
        extras[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
        for name, content in sorted(extras.items()):
            add_member(archive, name, content)
    return stream.getvalue(), manifest


def add_member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file of which nothing but name and content is told."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def read_image_files(image: str, folder: Path) -> dict[str, bytes]:
    """Return the files of an image's folder that are small: definitions and locks, no wheels."""
    return {
        f"images/{_safe(image)}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LOCK_FILE_BYTES
    }


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive, or that of a single record; raises StoreError."""
    try:
        with path.open("rb") as file:
            if file.read(1) == b"{":
                yield f"records/{path.name}", path.read_bytes()
                return
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                yield member.name, read_member(path, archive, member)
            # What follows the last file has the checksum: without it the archive was cut.
            while stream.read(CHUNK_BYTES):
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise StoreError(
            f"{path} is damaged or no archive of dlbench: {error}", "ask for it to be sent again"
        ) from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error


def read_member(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the content of one file; raises StoreError for anything that is none."""
    content = archive.extractfile(member) if member.isfile() else None
    if content is None or member.size > LARGEST_BYTES:
        raise StoreError(f"{path}: {member.name!r} does not belong in an archive of dlbench")
    return content.read()


def check_archive(path: Path) -> None:
    """Raise StoreError unless every record can be used and the format is one we read."""
    manifests = 0
    single = True
    for name, content in read_members(path):
        if name == MANIFEST:
            check_manifest(path, content)
            manifests += 1
        elif name.startswith("records/"):
            read_record(path, name, content)
        single = single and name == f"records/{path.name}"
    if not manifests and not single:
        raise StoreError(f"{path} is no archive of dlbench: it has no {MANIFEST}")


def check_manifest(path: Path, content: bytes) -> None:
    """Raise StoreError where the archive is of a format that is not read here."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is no archive of dlbench: {MANIFEST}: {error}") from None
    if manifest.format > FORMAT:
        raise StoreError(
            f"{path} has format {manifest.format}, this dlbench reads {FORMAT}",
            "a newer dlbench made it: update",
        )


def read_record(path: Path, name: str, content: bytes) -> Record:
    """Return the record in a file of an archive; raises StoreError."""
    try:
        return decode_record(content, name)
    except RecordError as error:
        raise StoreError(
            f"{path}: {name} is {error.unreadable.kind}: {error}", "nothing was imported"
        ) from None


def import_archive(path: Path, store: Store) -> Import:
    """Save the records of an archive (or of one record's file) that ``store`` does not have.

    Everything is checked before anything is written, and nothing is ever replaced.  Raises
    StoreError where a record cannot be used.
    """
    check_archive(path)
    known = {run.run_id for run in store.select().runs}
    saved: list[Path] = []
    present: list[str] = []
    extras: dict[str, bytes] = {}
    for name, content in read_members(path):
        if not name.startswith("records/"):
            extras[name] = content
            continue
        record = read_record(path, name, content)
        if record.run_id in known:
            present.append(record.run_id)
        else:
            known.add(record.run_id)
            saved.append(store.save(record))
    kept = keep_extras(store.folder / EXTRAS / _safe(path.name), extras) if saved else None
    return Import(saved=tuple(saved), present=tuple(present), extras=kept)


def keep_extras(folder: Path, extras: Mapping[str, bytes]) -> Path | None:
    """Put the scenarios and image files of an archive into ``folder``; existing ones stay."""
    kept = None
    for name, content in extras.items():
        parts = name.split("/")
        if parts[0] in {"scenarios", "images"} and set(parts).isdisjoint({"", ".", ".."}):
            target = folder.joinpath(*(_safe(part) for part in parts))
            if not target.exists():
                write_whole(target, content)
            kept = folder
    return kept


def _names(members: Iterable[str], kind: str) -> tuple[str, ...]:
    prefix = f"{kind}/"
    found = {name.removeprefix(prefix).split("/")[0] for name in members if name.startswith(prefix)}
    return tuple(sorted(found))


def _safe(name: str) -> str:
    return _SAFE.sub("_", name).lstrip(".") or "_"
