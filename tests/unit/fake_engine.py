"""An engine that answers as it is told to: HTTP on a unix socket."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"


@contextlib.contextmanager
def answering(socket: Path, status: str, body: str) -> Iterator[str]:
    """Answer every request on ``socket`` alike, and yield the address; no status: hang up."""
    answer = HEAD.format(status=status, length=len(body)) + body if status else ""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                if line == b"\r\n":
                    self.wfile.write(answer.encode())
                    if not answer:
                        return

    with socketserver.ThreadingUnixStreamServer(str(socket), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"unix://{socket}"
        server.shutdown()
        thread.join()
