"""The connection to a container engine, and its errors in words."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dlbench.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient

#: The oldest API that can do all that a run needs (Docker 19.03, Podman 3).
MINIMUM_API = (1, 40)
CALL_SECONDS = 120
KNOCK_SECONDS = 10

START_HINTS = {
    "docker": "start it (systemctl start docker), install it, or use --engine venv",
    "podman": "start it (systemctl start podman.socket, or podman system service --time=0), or"
    " use --engine venv",
}
PERMISSION_HINTS = {
    "docker": "join the group docker and log in again, use rootless Docker, or --engine venv",
    "podman": "use your own service (systemctl --user start podman.socket), or --engine venv",
}
UPDATE_HINT = "update it (Docker 19.03 or newer, Podman 3 or newer), or use --engine venv"


def connect(base_url: str | None, name: str) -> tuple[APIClient, dict[str, Any]]:
    """Connect to engine ``name`` (docker or podman) at ``base_url``, or where it usually is.

    Returns the client, and the version facts that the engine answered.  Raises EngineError where
    it does not answer, does not let us, or is too old.
    """
    address = base_url or find_address(name, os.environ)
    try:
        knock(address)
    except OSError as error:
        raise explain_connection(error, name, address) from None
    return open_client(address, name)


def open_client(address: str, name: str) -> tuple[APIClient, dict[str, Any]]:
    """Open a client for ``address``, with TLS where DOCKER_HOST and its companions ask for it.

    The engine is asked for its version once; docker-py's own negotiation would ask it again.
    """
    import docker
    import docker.utils

    settings: dict[str, Any] = {"base_url": address}
    if os.environ.get("DOCKER_HOST") == address:
        settings = dict(docker.utils.kwargs_from_env())
    settings["timeout"] = CALL_SECONDS
    try:
        with closing(docker.APIClient(**settings, version=spell_api(MINIMUM_API))) as inquirer:
            version: dict[str, Any] = inquirer.version(api_version=False)
        check_age(version, name)
        return docker.APIClient(**settings, version=str(version["ApiVersion"])), version
    except (docker.errors.DockerException, OSError, LookupError, ValueError) as error:
        raise explain_connection(error, name, address) from None


def spell_api(version: tuple[int, ...]) -> str:
    """Return an API's version as the engine spells it."""
    return ".".join(str(part) for part in version)


def knock(address: str) -> None:
    """Raise OSError where nobody listens; what is no plain address shows that later."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(KNOCK_SECONDS)
            door.connect(parts.path)
    elif parts.scheme == "tcp" and parts.hostname and parts.port:
        socket.create_connection((parts.hostname, parts.port), KNOCK_SECONDS).close()


def find_address(name: str, environment: Mapping[str, str]) -> str:
    """Return where engine ``name`` is: where its own variable says, or its usual socket."""
    variable = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}[name]
    return environment.get(variable) or locate(name, environment)


def locate(name: str, environment: Mapping[str, str]) -> str:
    """Return the address of the first usual socket of engine ``name`` that exists."""
    runtime = environment.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    if name == "podman":
        usual = ["/run/podman/podman.sock", f"{runtime}/podman/podman.sock"]
        if os.getuid():
            usual.reverse()
    else:
        home = Path(environment.get("HOME", "/"))
        usual = [
            "/var/run/docker.sock",
            f"{runtime}/docker.sock",
            str(home / ".docker/desktop/docker.sock"),
            str(home / ".docker/run/docker.sock"),
        ]
    found = [path for path in usual if Path(path).exists()]
    return f"unix://{(found or usual)[0]}"


def check_age(version: Mapping[str, Any], name: str) -> None:
    """Raise EngineError where the engine speaks only an API that is too old."""
    spoken = str(version.get("ApiVersion", "0.0"))
    if tuple(int(part) for part in spoken.split(".")[:2]) < MINIMUM_API:
        raise EngineError(
            f"{name} {version.get('Version', '')} speaks API {spoken};"
            f" dlbench needs {spell_api(MINIMUM_API)} or newer",
            UPDATE_HINT,
        )


def explain_connection(error: BaseException, name: str, base_url: str | None) -> EngineError:
    """Say why no connection came about: permission, absence or age."""
    where = f" at {base_url}" if base_url else ""
    causes = list(walk_causes(error))
    if any(
        isinstance(cause, PermissionError) or status_of(cause) in {401, 403} for cause in causes
    ):
        return EngineError(f"{name}{where} does not permit access", PERMISSION_HINTS.get(name, ""))
    if any(
        isinstance(cause, ConnectionError | FileNotFoundError | TimeoutError) for cause in causes
    ):
        return EngineError(f"no {name} engine answers{where}", START_HINTS.get(name, ""))
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return EngineError(f"no connection to {name}{where}: {first}", START_HINTS.get(name, ""))


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an engine answered, if it is that which ``error`` is about."""
    return getattr(getattr(error, "response", None), "status_code", None)


def walk_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and everything that it was raised from or carries as an argument."""
    pending, seen = [error], set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        reason = getattr(current, "reason", None)
        linked = (current.__cause__, current.__context__, reason, *current.args)
        pending += [part for part in linked if isinstance(part, BaseException)]


@contextmanager
def translated(name: str, doing: str) -> Iterator[None]:
    """Turn the errors of the engine ``name`` while ``doing`` something into EngineError."""
    import docker
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        raise EngineError(f"{name} refuses {doing}: {explanation(error)}") from None
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise explain_connection(error, name, None) from None


def explanation(error: BaseException) -> str:
    """Return the engine's own words for an error, on one line."""
    text = getattr(error, "explanation", None) or error
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return " ".join(str(text).split())


def is_absent(error: BaseException) -> bool:
    """Whether ``error`` says that the container or image is not there."""
    import docker

    return isinstance(error, docker.errors.NotFound)
