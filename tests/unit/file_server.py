"""A web server of one file that breaks off, falls silent or refuses as a test wants it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4000


class Server(ThreadingHTTPServer):
    """Serves ``content``.

    ``pieces`` says after how many bytes of it each answer breaks off; with ``silent`` the
    connection then stays open until the server ends.
    """

    daemon_threads = True
    content: bytes
    pieces: list[int]
    ranges: list[str | None]
    silent: threading.Event | None = None
    knows_ranges = True
    status = 200


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.content
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if not self.server.knows_ranges:
            start = 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else self.server.status)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = self.server.pieces.pop(0) if self.server.pieces else len(content)
        self.wfile.write(content[start : max(start, end)])
        if self.server.silent and end < len(content):
            self.server.silent.wait()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(*pieces: int, content: bytes = CONTENT) -> Iterator[tuple[Server, str]]:
    """Serve ``content`` while this lasts; yields the server and the address of the file."""
    server = Server(("127.0.0.1", 0), Handler)
    server.content, server.pieces, server.ranges = content, list(pieces), []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/file"
    finally:
        if server.silent:
            server.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()
