"""Operating-system bases: their definitions, and their bootstrap out of a distribution's packages.

A base is a folder ``images/bases/<name>`` with ``base.yaml`` (suite, packages, environment),
``packages.lock`` (what came out when it was locked) and perhaps ``install``, the script with which
the images on it install their requirements.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from dlbench import apt_sources
from dlbench.engine import BaseRecipe
from dlbench.errors import ImageError, UnknownNameError, nearest

#: Free space that a bootstrap takes at its peak: the tree, the packages, and the imported layer.
DISK_BYTES = 2_000_000_000

#: Nothing of where packages came from stays, and nothing that only a reader of manuals needs.
_HOOKS = (
    'rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*',
    'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
    'rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/log/* "$1"/var/cache/ldconfig/aux-cache',
)
#: All files carry this time, so that the same packages make the same bytes.
_EPOCH_SECONDS = "1735689600"


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``base.yaml``."""

    summary: str
    suite: str
    #: The script in ``images/install`` that makes a Python environment on this base; none where
    #: its packages are all that its images need.
    install: str = ""
    #: The script there that resolves requirements for an interpreter that uv does not know.
    resolve: str = ""
    packages: tuple[str, ...]
    environment: dict[str, str] = {}


@dataclass
class Bootstrap:
    """A base on its way: read ``stream`` to its end; the rest is known once the block has ended."""

    stream: IO[bytes]
    #: Name -> version of the packages that came out.
    packages: dict[str, str] = field(default_factory=dict)
    #: What differs from the lock, one sentence each; empty: nothing.
    differences: tuple[str, ...] = ()


def base_names(images_folder: Path) -> list[str]:
    """Return the names of the bases defined in ``images_folder``."""
    return sorted(path.parent.name for path in images_folder.glob("bases/*/base.yaml"))


def load_base(
    images_folder: Path, name: str, *, mirror: str = "", apt_options: tuple[str, ...] | None = None
) -> BaseRecipe:
    """Read the definition and the lock of base ``name``; raises ImageError, UnknownNameError."""
    definition = load_definition(images_folder, name)
    packages = tuple(sorted(definition.packages))
    path = images_folder / "bases" / name / "packages.lock"
    lock = parse_lock(path.read_text("utf-8")) if path.is_file() else {}
    digest = _digest(definition, lock)
    return BaseRecipe(
        name=name,
        tag=f"dlbench/base-{name}:{digest[:12]}",
        suite=definition.suite,
        packages=packages,
        digest=digest,
        environment=definition.environment,
        lock=lock,
        mirror=mirror,
        apt_options=apt_options,
    )


def load_definition(images_folder: Path, name: str) -> Definition:
    """Read ``base.yaml`` of base ``name``; raises ImageError, UnknownNameError."""
    path = images_folder / "bases" / name / "base.yaml"
    if not path.is_file():
        hint = nearest(name, base_names(images_folder))
        raise UnknownNameError(f"there is no base {name!r} in {images_folder / 'bases'}", hint)
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Definition)
    except msgspec.MsgspecError as error:
        raise ImageError(f"{path}: {error}") from error


@contextlib.contextmanager
def bootstrap(base: BaseRecipe, on_line: Callable[[str], None]) -> Iterator[Bootstrap]:
    """Yield the root file system of ``base`` as a tar stream, made by mmdebstrap as it is read.

    Raises ImageError where mmdebstrap is missing or fails, with the last lines of what it said.
    """
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ImageError(
            f"base {base.name} cannot be bootstrapped: mmdebstrap is not installed",
            "install it (apt-get install mmdebstrap), or load images that someone else built"
            " (dlbench images load FILE)",
        )
    with tempfile.TemporaryDirectory(prefix="dlbench-base-") as folder:
        status = Path(folder, "status")
        process = subprocess.Popen(
            [program, *_arguments(base, status)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH_SECONDS, "LC_ALL": "C.UTF-8"},
        )
        assert process.stdout is not None
        made = Bootstrap(process.stdout)
        with _reporting(process, base, on_line):
            yield made
        made.packages = parse_status(status.read_text("utf-8", "replace"))
        made.differences = tuple(differences(base.lock, made.packages))
        for line in made.differences:
            on_line(f"base {base.name} differs from its lock: {line}")


def parse_lock(text: str) -> dict[str, str]:
    """Read ``packages.lock``: one ``name version`` a line, comments after ``#``."""
    lines = (line.split("#", 1)[0].split() for line in text.splitlines())
    return {fields[0]: fields[1] for fields in lines if fields}


def format_lock(packages: Mapping[str, str]) -> str:
    """Write ``packages.lock``."""
    lines = [f"{name} {version}\n" for name, version in sorted(packages.items())]
    return "# System packages of this base as they came out; dlbench images lock.\n" + "".join(
        lines
    )


def parse_status(text: str) -> dict[str, str]:
    """Return name -> version of the installed packages in a dpkg status file."""
    found = {}
    for paragraph in text.split("\n\n"):
        lines = (line.partition(": ") for line in paragraph.splitlines() if line[:1].strip())
        values = {key: value for key, _, value in lines}
        if values.get("Status", "").endswith(" installed"):
            found[values["Package"]] = values["Version"]
    return found


def differences(lock: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Yield one sentence for each package that is not as ``lock`` has it."""
    for name in sorted({*lock, *found}):
        if name not in found:
            yield f"{name} {lock[name]} is missing"
        elif name not in lock:
            yield f"{name} {found[name]} is not in the lock"
        elif lock[name] != found[name]:
            yield f"{name} is {found[name]}, locked {lock[name]}"


def _digest(definition: Definition, lock: Mapping[str, str]) -> str:
    meaning = [
        definition.suite,
        sorted(definition.packages),
        definition.environment,
        dict(lock),
        _HOOKS,
        _EPOCH_SECONDS,
    ]
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def _arguments(base: BaseRecipe, status: Path) -> list[str]:
    hooks = [f"--customize-hook={hook}" for hook in _HOOKS]
    arguments = [
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(base.packages)}",
        *(f"--aptopt={option}" for option in fetch_options(base)),
        f"--customize-hook=download /var/lib/dpkg/status {status}",
        *hooks,
        base.suite,
        "-",
    ]
    return [*arguments, base.mirror] if base.mirror else arguments


def fetch_options(base: BaseRecipe) -> tuple[str, ...]:
    """Return the options that apt fetches ``base`` with; may ask apt itself, in a process."""
    options = base.apt_options
    if options is None:
        options = apt_sources.find_fetch_options()
    if base.ca_bundle and not any("CAInfo" in option for option in options):
        return (*options, f'Acquire::https::CAInfo "{base.ca_bundle}"')
    return options


@contextlib.contextmanager
def _reporting(
    process: subprocess.Popen[bytes], base: BaseRecipe, on_line: Callable[[str], None]
) -> Iterator[None]:
    last: deque[str] = deque(maxlen=12)

    def read() -> None:
        assert process.stderr is not None
        for raw in process.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            last.append(line)
            on_line(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    failed = True
    try:
        yield
        failed = process.wait() != 0
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if failed:
        raise ImageError(
            f"bootstrapping base {base.name} failed (mmdebstrap exit {process.returncode}):\n"
            + "\n".join(last),
            f"does the package mirror serve {base.suite}? --apt-mirror names another",
        )
