"""Where this machine's own apt takes packages from, for the bootstrap of bases."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

_FETCH_OPTION = re.compile(r'^(Acquire::https?::(?:Proxy|CAInfo)(?:::[^ ]+)?) "(.+)";$')


def find_mirror(root: Path = Path("/")) -> str:
    """Return the address from which a Debian machine takes its main packages, or ''.

    '' on any other system, and where the sources do not say: mmdebstrap then has its default.
    """
    release = _read_release(root / "etc/os-release")
    if release.get("ID") != "debian":
        return ""
    suite = release.get("VERSION_CODENAME", "")
    for address, suites, components in _sources(root / "etc/apt"):
        if "main" in components and (suite in suites or "stable" in suites):
            return address
    return ""


def find_fetch_options() -> tuple[str, ...]:
    """Return apt's own settings for proxies and certificate authorities, as apt options."""
    program = shutil.which("apt-config")
    if program is None:
        return ()
    done = subprocess.run([program, "dump"], capture_output=True, text=True, check=False)
    matches = (_FETCH_OPTION.match(line) for line in done.stdout.splitlines())
    return tuple(f'{match[1]} "{match[2]}"' for match in matches if match)


def _read_release(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text("utf-8").splitlines())
    return {name: value.strip().strip('"') for name, _, value in pairs}


def _sources(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (address, suites, components) of every enabled source of binary packages."""
    lists = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    for path in filter(Path.is_file, lists):
        for line in path.read_text("utf-8").splitlines():
            match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
            if match:
                yield match[1], [match[2]], match[3].split()
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        for paragraph in re.split(r"\n\s*\n", path.read_text("utf-8")):
            yield from _stanza(_fields(paragraph))


def _stanza(fields: Mapping[str, str]) -> Iterator[tuple[str, list[str], list[str]]]:
    enabled = fields.get("enabled", "yes").lower() not in {"no", "false"}
    if enabled and "deb" in fields.get("types", "").split():
        for address in fields.get("uris", "").split():
            yield address, fields.get("suites", "").split(), fields.get("components", "").split()


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
