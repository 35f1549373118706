"""Datasets out of an archive on a web server: killed half way, resumed, and fetched at once."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

from file_server import serving
from tiny_dataset import FILES, declare

from dlbench.array_cache import faults, obtain

PACKAGE = """
import sys
from pathlib import Path
from tiny_dataset import declare
from dlbench.array_cache import obtain
source = {"kind": "site", "address": sys.argv[1], "archive": "file", "bytes": 100}
print(obtain(declare(source), cache=Path(sys.argv[2])).folder)
"""


def archive() -> bytes:
    """Return the tiny dataset's files in a tar archive, beside one of 300,000 other bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in {"other": os.urandom(300_000), **FILES}.items():
            member = tarfile.TarInfo(f"all/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def start(address: str, cache: Path) -> subprocess.Popen[str]:
    """Start a process that fetches the dataset."""
    root = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", PACKAGE, address.removesuffix("/file"), str(cache)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root.parent.parent}"},
    )


def stored(cache: Path) -> int:
    """Return how many bytes of the archive have come."""
    return sum(path.stat().st_size for path in cache.glob("data/downloads/*/*/file.part"))


def test_a_fetch_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    content = archive()
    with serving(200_000, content=content) as (server, address):
        server.silent = threading.Event()
        process = start(address, tmp_path)
        until = time.monotonic() + 60
        while stored(tmp_path) < 100_000 and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept_bytes = stored(tmp_path)
        assert 100_000 <= kept_bytes <= 200_000
        source = {"kind": "site", "address": address.removesuffix("/file"), "archive": "file"}
        declared = declare({**source, "bytes": 100})
        obtain(declared, cache=tmp_path)
        assert server.ranges == [None, f"bytes={kept_bytes}-"]
    assert faults(declared, tmp_path, thorough=True) == []
    assert stored(tmp_path) == 0


def test_processes_at_once_ask_once(tmp_path: Path) -> None:
    with serving(content=archive()) as (server, address):
        started = [start(address, tmp_path) for _ in range(3)]
        folders = {process.communicate(timeout=60)[0] for process in started}
        assert [process.returncode for process in started] == [0, 0, 0]
        assert len(folders) == 1
        assert server.ranges == [None]
