"""The network settings of builds, out of the user's own: pip's, apt's and the environment's.

They reach a build as files under ``secrets/`` in its context, and its image never.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from dlbench import apt_sources, requirements
from dlbench.errors import UsageError
from dlbench.home import expand, find_home

#: What pip is told of the user's settings, under pip's own names.
_PIP_KEYS = (
    "index-url",
    "extra-index-url",
    "no-index",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
#: Where others than pip keep the file of certificate authorities, in the order pip asks them.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")


class BuildSettings(Struct, frozen=True, kw_only=True):
    """Everything that the user's network asks of a build."""

    ca_bundle: Path | None = None
    client_certificate: Path | None = None
    #: pip's own settings, by pip's names.
    pip: Mapping[str, str] = field(default_factory=dict)
    #: Folders, files and addresses in which pip looks for further wheels.
    find_links: tuple[str, ...] = ()
    #: Where apt packages come from; empty: mmdebstrap's default.
    apt_mirror: str = ""
    #: None: apt is asked for its own when a base is made, which few commands do.
    apt_options: tuple[str, ...] | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    #: Local wheels that stand in for pinned requirements of their names.
    wheels: tuple[Path, ...] = ()
    #: A container registry, or a folder in one, that may have images already.
    registry: str = ""
    #: Where locked jars come from, an address or a folder; empty: what the user's Maven is set to.
    maven_repository: str = ""
    use_cache: bool = True


def read_settings(
    *,
    wheels: Iterable[Path] = (),
    ca_bundle: Path | None = None,
    index_url: str | None = None,
    find_links: Iterable[str] = (),
    apt_mirror: str | None = None,
    use_cache: bool = True,
) -> BuildSettings:
    """Read the user's settings; what is given here goes before them.

    Raises UsageError where a file that is named does not exist, or a wheel is none.
    """
    own = _read_pip(os.environ)
    if index_url:
        own["index-url"] = index_url
    bundle = ca_bundle or _find_bundle(own, os.environ)
    certificate = own.get("client-cert")
    return BuildSettings(
        ca_bundle=_existing(bundle, "certificate authorities") if bundle else None,
        client_certificate=_existing(Path(certificate), "client") if certificate else None,
        pip={key: own[key] for key in _PIP_KEYS if own.get(key)},
        find_links=(*find_links, *own.get("find-links", "").split()),
        apt_mirror=apt_sources.find_mirror() if apt_mirror is None else apt_mirror,
        proxies=_read_proxies(os.environ),
        wheels=tuple(_wheel(path) for path in wheels),
        registry=os.environ.get("DLBENCH_REGISTRY", ""),
        maven_repository=os.environ.get("DLBENCH_MAVEN_REPOSITORY", ""),
        use_cache=use_cache,
    )


def secrets(settings: BuildSettings, lock: str) -> dict[str, bytes | Path]:
    """Return the files that a build on ``lock`` needs and its image must not keep.

    Of folders with wheels or source archives only the files of locked versions are taken.
    """
    files: dict[str, bytes | Path] = {}
    options = dict(settings.pip)
    if settings.ca_bundle:
        files["secrets/ca.pem"] = settings.ca_bundle
        options["cert"] = "secrets/ca.pem"
    if settings.client_certificate:
        files["secrets/client.pem"] = settings.client_certificate
        options["client-cert"] = "secrets/client.pem"
    links = [link for link in settings.find_links if _local(link) is None]
    for path in _local_files(settings.find_links, requirements.pins(lock)):
        files[f"secrets/links/{path.name}"] = path
    if any(name.startswith("secrets/links/") for name in files):
        links.append("secrets/links")
    if links:
        options["find-links"] = "\n ".join(links)
    lines = [f"{key} = {options[key]}\n" for key in sorted(options)]
    return {"secrets/pip.conf": ("[global]\n" + "".join(lines)).encode(), **files}


def _local(link: str) -> Path | None:
    parts = urlsplit(link)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme in {"http", "https"} else expand(link)


def _local_files(find_links: Iterable[str], pins: Mapping[str, str]) -> list[Path]:
    places = [place for link in find_links if (place := _local(link))]
    files = [file for place in places for file in (place.iterdir() if place.is_dir() else [place])]
    return sorted(file for file in files if _is_pinned(file, pins))


def _is_pinned(path: Path, pins: Mapping[str, str]) -> bool:
    try:
        name, version = requirements.file_pin(path.name)
    except ValueError:
        return False
    return pins.get(name) == version


def _read_pip(environment: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings: its files, later ones over earlier, then ``PIP_*`` over all."""
    found: dict[str, str] = {}
    for path in _pip_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError) as error:
            raise UsageError(f"pip's settings in {path} are not readable: {error}") from error
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({_key(name): value for name, value in parser.items(section)})
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            found[_key(name.removeprefix("PIP_"))] = value
    return found


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    chosen = environment.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = find_home()
    user = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        user / "pip/pip.conf",
        Path(sys.prefix, "pip.conf"),
    ]
    return [*files, Path(chosen)] if chosen else files


def _key(name: str) -> str:
    return name.lower().replace("_", "-")


def _find_bundle(own: Mapping[str, str], environment: Mapping[str, str]) -> Path | None:
    if own.get("cert"):
        return expand(own["cert"])
    named = [environment[name] for name in _CA_VARIABLES if environment.get(name)]
    return Path(named[0]) if named else None


def _read_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in _PROXIES:
        value = environment.get(name) or environment.get(name.upper())
        if value:
            found[name] = found[name.upper()] = value
    return found


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise UsageError(
            f"the file of {what} certificates {path} does not exist",
            "--ca-bundle names another; pip's settings and the environment are asked otherwise",
        )
    return path.resolve()


def _wheel(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"--wheel {path}: there is no such file")
    try:
        requirements.wheel_name(path.name)
    except ValueError as error:
        raise UsageError(f"--wheel: {error}", "a wheel is NAME-VERSION-TAGS.whl") from error
    return path.resolve()
