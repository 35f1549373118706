"""Build contexts: tar archives in which the same content is the same bytes.

``pack`` makes the part that gives an image its digest; ``complete`` adds what a build needs and an
image must not show: the user's network settings under ``secrets/`` and local wheels.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dlbench.errors import ImageError

if TYPE_CHECKING:
    from dlbench.engine import Recipe

#: Where the context's verify and inventory lie in a container image.
IN_IMAGE = "/opt/dlbench"
#: Files that are scripts, by the name that every context gives them.
_EXECUTABLE = ("install", "install-jars", "verify", "inventory")


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of ``files`` (name in the archive -> content): sorted, no owners, no times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            archive.addfile(_entry(name, len(files[name])), io.BytesIO(files[name]))
    return buffer.getvalue()


def unpack(context: IO[bytes], folder: Path) -> None:
    """Write the files of ``context``, a tar, below ``folder``.

    Not by ``extractall``: before Python 3.11.4 it has no filter, and later ones ask for one.
    """
    with tarfile.open(fileobj=context) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is None:
                raise ValueError(f"a build context holds files only, not {entry.name}")
            path = folder / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
            path.chmod(entry.mode)


def digest_of(context: bytes) -> str:
    """Return the digest of an image with ``context``."""
    return hashlib.sha256(context).hexdigest()


def describe_wheel(path: Path) -> str:
    """Return the line of ``wheels.txt`` for a local wheel: its name and its content's hash."""
    with path.open("rb") as file:
        return f"{path.name} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}\n"


def complete(recipe: Recipe) -> IO[bytes]:
    """Return the context of ``recipe`` with secrets and wheels, as a temporary file to close.

    ``secrets/pip.conf`` is always there, so that install scripts need not ask.
    """
    extra: dict[str, bytes | Path] = {"secrets/pip.conf": b"", **recipe.secrets}
    extra.update(recipe.find_secrets())
    extra.update({f"wheels/{path.name}": path for path in recipe.wheels})
    file = tempfile.TemporaryFile(prefix="dlbench-context-")  # noqa: SIM115
    try:
        file.write(recipe.context)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="a") as archive:
            for name in sorted(extra):
                _add(archive, name, extra[name])
    except OSError as error:
        file.close()
        raise ImageError(
            f"the build context of {recipe.image_id} cannot be written: {error}"
        ) from error
    file.seek(0)
    return file


def read_inventory(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Read what ``inventory`` printed: (Python packages, system packages); raises ImageError."""
    lines = text.strip().splitlines() or [""]
    try:
        values = json.loads(lines[-1])
        return dict(values["packages"]), dict(values["system_packages"])
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError(f"the image's inventory is not readable: {lines[-1][:200]!r}") from error


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        archive.addfile(_entry(name, len(content)), io.BytesIO(content))
        return
    with content.open("rb") as file:
        archive.addfile(_entry(name, content.stat().st_size), file)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o755 if name in _EXECUTABLE else 0o644
    return entry
