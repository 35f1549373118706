"""A container registry small enough for a test: what Docker asks of one to push and to pull."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Handler(BaseHTTPRequestHandler):
    """Keeps every blob and manifest as a file, named by its digest, and what tags stand for."""

    protocol_version = "HTTP/1.1"
    folder: Path
    tags: dict[str, str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.serve(with_body=True)

    def do_HEAD(self) -> None:
        self.serve(with_body=False)

    def serve(self, *, with_body: bool) -> None:
        path = urlsplit(self.path).path
        if path == "/v2/":
            return self.answer(200, b"{}", {}, with_body=with_body)
        name = path.rpartition("/")[2]
        file = self.folder / self.tags.get(path, name).replace(":", "-")
        if not file.is_file():
            unknown = b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
            return self.answer(404, unknown, {}, with_body=with_body)
        is_manifest = "/manifests/" in path
        headers = {
            "Content-Type": MANIFEST if is_manifest else "application/octet-stream",
            "Docker-Content-Digest": file.name.replace("-", ":"),
        }
        return self.answer(200, file.read_bytes(), headers, with_body=with_body)

    def do_POST(self) -> None:
        place = {"Location": f"{urlsplit(self.path).path}upload", "Docker-Upload-UUID": "upload"}
        self.answer(202, b"", {**place, "Range": "0-0"})

    def do_PATCH(self) -> None:
        upload = self.folder / f"upload-{threading.get_ident()}-{self.client_address[1]}"
        with upload.open("wb") as file:
            for part in self.read_body():
                file.write(part)
        name = upload.name
        location = f"{urlsplit(self.path).path.rpartition('/')[0]}/{name}"
        place = {"Location": location, "Docker-Upload-UUID": name}
        self.answer(202, b"", {**place, "Range": f"0-{max(upload.stat().st_size - 1, 0)}"})

    def do_PUT(self) -> None:
        parts = urlsplit(self.path)
        body = b"".join(self.read_body())
        if "/manifests/" in parts.path:
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            (self.folder / digest.replace(":", "-")).write_bytes(body)
            self.tags[parts.path] = digest
        else:
            (digest,) = parse_qs(parts.query)["digest"]
            upload = self.folder / parts.path.rpartition("/")[2]
            upload.rename(self.folder / digest.replace(":", "-"))
        self.answer(201, b"", {"Docker-Content-Digest": digest, "Location": parts.path})

    def read_body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(
        self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Yield the address of a registry that keeps its files in ``folder``."""
    kind = type("Kept", (Handler,), {"folder": folder, "tags": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
