"""The log of a run is bounded, and keeps the beginning and the end."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from dlbench.run_log import RunLog


def write(path: Path, chunks: list[bytes], head: int = 10, tail: int = 10) -> bytes:
    with RunLog(path, head_bytes=head, tail_bytes=tail) as log:
        for chunk in chunks:
            log.write(chunk)
    return path.read_bytes()


def test_short_output_is_kept_whole(tmp_path: Path) -> None:
    assert write(tmp_path / "log", [b"one\n", b"two\n"]) == b"one\ntwo\n"


def test_output_between_head_and_tail_is_kept_whole(tmp_path: Path) -> None:
    assert write(tmp_path / "log", [b"0123456789abcdefghij"]) == b"0123456789abcdefghij"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_long_output_loses_its_middle(tmp_path: Path, size: int) -> None:
    text = b"".join(b"%03d" % number for number in range(100))
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    expected = text[:10] + b"\n[... 280 bytes left out ...]\n" + text[-10:]
    assert write(tmp_path / "log", chunks) == expected


def test_a_log_is_readable_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(path) as log:
        log.write(b"first\n")
        assert path.read_bytes() == b"first\n"


def test_gigabytes_stay_small(tmp_path: Path) -> None:
    chunk = b"x" * 2**16
    with RunLog(tmp_path / "log", head_bytes=2**20, tail_bytes=2**18) as log:
        for _ in range(2**14):
            log.write(chunk)
    assert (tmp_path / "log").stat().st_size < 2**20 + 2**18 + 100


def test_a_full_disk_loses_the_log_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        closed = False

        def write(self, piece: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            self.closed = True

    log = RunLog(tmp_path / "log")
    log._file.close()
    monkeypatch.setattr(log, "_file", Full())
    log.write(b"lost")
    log.write(b"lost too")
    log.close()
    assert "No space left on device" in log.error
