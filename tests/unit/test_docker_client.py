"""Connecting to an engine: what is wrong is said in words, whatever is wrong."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from dlbench.docker_client import connect, explain_connection, find_address, locate
from dlbench.errors import EngineError


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def serving(path: Path, version: Mapping[str, str]) -> Iterator[str]:
    """Answer every request on a socket with ``version``, as an engine of that version would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(version).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "socket"

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The path of a socket may have a hundred bytes and no more.
    return tmp_path_factory.mktemp("s") / "e.sock"


def test_no_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no docker engine answers at unix:") as caught:
        connect(f"unix://{tmp_path}/none.sock", "docker")
    assert "--engine venv" in caught.value.hint


def test_a_socket_that_nobody_listens_on(short_path: Path) -> None:
    server = Server(str(short_path), BaseHTTPRequestHandler)
    server.server_close()
    with pytest.raises(EngineError, match="no podman engine answers"):
        connect(f"unix://{short_path}", "podman")


def test_an_engine_that_is_too_old(short_path: Path) -> None:
    version = {"Version": "18.09.1", "ApiVersion": "1.39", "MinAPIVersion": "1.12"}
    with serving(short_path, version) as address, pytest.raises(EngineError) as caught:
        connect(address, "docker")
    assert caught.value.message == "docker 18.09.1 speaks API 1.39; dlbench needs 1.40 or newer"
    assert "19.03" in caught.value.hint


def test_an_engine_that_is_new_enough(short_path: Path) -> None:
    version = {"Version": "19.03.1", "ApiVersion": "1.40", "MinAPIVersion": "1.12"}
    with serving(short_path, version) as address:
        client, found = connect(address, "docker")
    client.close()
    assert client.api_version == "1.40"
    assert found["Version"] == "19.03.1"


def test_permission_is_told_from_absence() -> None:
    inner = PermissionError(13, "Permission denied")
    error = explain_connection(RuntimeError("while asking", inner), "docker", "unix:///x")
    assert error.message == "docker at unix:///x does not permit access"
    assert "group docker" in error.hint


def test_a_failure_of_another_kind_keeps_its_words() -> None:
    error = explain_connection(ValueError("bad certificate\nmore"), "docker", None)
    assert error.message == "no connection to docker: bad certificate"


def test_an_address_that_makes_no_sense() -> None:
    with pytest.raises(EngineError, match="no connection to docker at nonsense://"):
        connect("nonsense://here", "docker")


def test_podman_is_where_its_variable_says() -> None:
    assert find_address("podman", {"CONTAINER_HOST": "unix:///here"}) == "unix:///here"


def test_a_rootless_docker_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker.sock").touch()
    real = Path.exists
    monkeypatch.setattr(
        Path, "exists", lambda path: str(path) != "/var/run/docker.sock" and real(path)
    )
    assert locate("docker", {"XDG_RUNTIME_DIR": str(tmp_path)}) == f"unix://{tmp_path}/docker.sock"
