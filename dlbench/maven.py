"""Maven as the user has it: the repository that jars come from, and resolving for a lock.

Building needs no Maven: what is locked is fetched by path.  Only where the repository is comes from
the user's own settings, or from the Maven that is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from dlbench import jars
from dlbench.build_settings import BuildSettings
from dlbench.errors import ImageError, UsageError
from dlbench.home import expand, find_home
from dlbench.jars import Jar

#: How Maven's settings and its own default call the repository that artifacts come from.
_CENTRAL = "central"
#: What ``mirrorOf`` may say where a mirror stands in for it.
_ALL = frozenset({"*", "external:*", _CENTRAL})
#: Lays the resolved files out as in a repository; pinned, as everything that a lock is made with.
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
#: The model that every project of Maven inherits from; its repository is the default one.
_SUPER_MODEL = "org/apache/maven/model/pom-4.0.0.xml"
_MODEL_BUILDER = "maven-model-builder-*.jar"
#: Where Debian has Maven's libraries (libmaven3-core-java), which may be there without Maven.
DEBIAN = Path("/usr/share/java")


def secrets(settings: BuildSettings, lock: str) -> dict[str, bytes | Path]:
    """Return the files that fetching the jars of ``lock`` needs and the image must not keep.

    Of a repository that is a folder, the locked jars themselves.
    """
    address = settings.maven_repository or find_repository()
    folder = local_folder(address)
    if folder is None:
        return {"secrets/repository": address.encode()}
    found = ((jar.path, folder / jar.path) for jar in jars.parse(lock))
    files = {f"secrets/jars/{path}": file for path, file in found if file.is_file()}
    return {"secrets/repository": b"", **files}


def find_repository(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the user's Maven repository, or '' where there is no way to know.

    A mirror in the user's settings goes before one in the installed Maven's, and both before the
    installed Maven's own default.  Raises UsageError where settings cannot be read.
    """
    home = _installation(environment)
    files = [find_home() / ".m2/settings.xml", *([home / "conf/settings.xml"] if home else [])]
    for path in filter(Path.is_file, files):
        for address in _mirrors(_read(path)):
            return address
    return _default(home / "lib") if home else _default(DEBIAN)


def local_folder(address: str) -> Path | None:
    """Return the folder that ``address`` names, None where it is one of a server or empty."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme or not address else expand(address)


def resolve(source: Path, settings: BuildSettings) -> list[Jar]:
    """Return the jars that Maven resolves ``source`` (a ``pom.xml``) to; raises ImageError."""
    program = shutil.which("mvn")
    if program is None:
        raise ImageError(
            f"{source} cannot be resolved: Maven is not installed",
            "install it (apt-get install maven); it is needed for locking only",
        )
    with tempfile.TemporaryDirectory(prefix="dlbench-jars-") as name:
        folder = Path(name)
        # A copy, for Maven would write beside what it reads.
        shutil.copy(source, folder / "pom.xml")
        command = [
            *(program, "--batch-mode", "--no-transfer-progress", "-f", str(folder / "pom.xml")),
            *(_PLUGIN, f"-DoutputDirectory={folder / 'out'}", "-Dmdep.useRepositoryLayout=true"),
            *_choose_repository(settings.maven_repository, folder),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
            raise ImageError(
                f"{source} cannot be resolved:\n" + "\n".join(said[:6]),
                "are the versions right, and does the Maven repository answer?",
            )
        return jars.survey(folder / "out")


def _choose_repository(address: str, folder: Path) -> list[str]:
    """Return the options with which Maven takes everything from ``address``, if there is one."""
    if not address:
        return []
    local = local_folder(address)
    mirror = ElementTree.fromstring(
        "<settings><mirrors><mirror><id>chosen</id><mirrorOf>*</mirrorOf><url/></mirror></mirrors>"
        "</settings>"
    )
    for url in mirror.iter("url"):
        url.text = local.resolve().as_uri() if local else address
    path = folder / "settings.xml"
    path.write_bytes(ElementTree.tostring(mirror))
    return ["--settings", str(path)]


def _installation(environment: Mapping[str, str]) -> Path | None:
    for name in ("MAVEN_HOME", "M2_HOME"):
        if environment.get(name):
            return Path(environment[name])
    program = shutil.which("mvn")
    return Path(program).resolve().parents[1] if program else None


def _mirrors(settings: ElementTree.Element) -> Iterator[str]:
    """Yield the address of every mirror in Maven's settings that stands in for all artifacts."""
    for mirror in _children(settings, "mirror"):
        values = {_tag(child): (child.text or "").strip() for child in mirror}
        names = set(re.split(r"\s*,\s*", values.get("mirrorOf", "")))
        if names & _ALL and f"!{_CENTRAL}" not in names and values.get("blocked") != "true":
            yield values.get("url", "")


def _default(libraries: Path) -> str:
    """Return the repository that Maven with these libraries takes where nobody says otherwise."""
    for path in sorted(libraries.glob(_MODEL_BUILDER)):
        with zipfile.ZipFile(path) as archive:
            model = ElementTree.fromstring(archive.read(_SUPER_MODEL))
        for repository in _children(model, "repository"):
            values = {_tag(child): (child.text or "").strip() for child in repository}
            if values.get("id") == _CENTRAL:
                return values.get("url", "")
    return ""


def _read(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise UsageError(f"Maven's settings in {path} are not readable: {error}") from error


def _children(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if _tag(element) == name)


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace, which not every file states."""
    return element.tag.rpartition("}")[2]
