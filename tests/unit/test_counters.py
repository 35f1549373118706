"""What the machine has counted, out of the kernel's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlbench import counters
from dlbench.counters import Reading, read_counters
from dlbench.kernel import Kernel, read_number, read_text


def test_processor_times_are_seconds() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    text = f"cpu  {tick} 0 {tick} 99 99 0 {tick} {2 * tick} 0 0\ncpu0"
    assert counters.read_cpu_times(text) == (3, 2)
    assert counters.read_cpu_times("") == (None, None)


def test_memory_stalls_and_swapping() -> None:
    text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0 total=9\n"
    assert counters.read_stall(text) == pytest.approx(2.5)
    assert counters.read_stall("") is None
    meminfo = "MemTotal:       1024 kB\nMemAvailable:    512 kB\n"
    assert counters.read_memory(meminfo, "MemTotal") == 2**20
    assert counters.read_memory(meminfo, "MemAvailable") == 2**19
    assert counters.read_memory("", "MemTotal") is None
    assert counters.read_swapping("pswpin 3\npswpout 4\nother 5\n") == 7
    assert counters.read_swapping("other 5\n") is None


def test_the_clock_is_the_mean_over_all_processors() -> None:
    text = "processor\t: 0\ncpu MHz\t\t: 2000.0\n\nprocessor\t: 1\ncpu MHz\t\t: 3000.0\n"
    assert counters.read_mean_frequency(text) == pytest.approx(2500)
    assert counters.read_mean_frequency("Features : fp asimd\n") is None


def test_throttling_is_counted_over_cores_and_packages(tmp_path: Path) -> None:
    assert counters.read_throttling(Kernel(sys=tmp_path)) is None
    for number, count in ((0, 3), (1, 4)):
        folder = tmp_path / f"devices/system/cpu/cpu{number}/thermal_throttle"
        folder.mkdir(parents=True)
        (folder / "core_throttle_count").write_text(f"{count}\n")
        (folder / "package_throttle_count").write_text("garbage")
    assert counters.read_throttling(Kernel(sys=tmp_path)) == 7


def test_this_machine() -> None:
    found = read_counters(Kernel())
    assert found.busy_seconds is not None
    assert found.busy_seconds > 0
    assert found.available_memory_bytes is not None
    assert found.available_memory_bytes > 2**20


def test_a_machine_without_these_files(tmp_path: Path) -> None:
    found = read_counters(Kernel(proc=tmp_path, sys=tmp_path))
    assert found == Reading(seconds=found.seconds, load=found.load)


def test_files_that_cannot_be_read_are_empty(tmp_path: Path) -> None:
    assert read_text(tmp_path) == ""
    assert read_text(tmp_path / "none") == ""
    assert read_number(tmp_path / "none") is None
    (tmp_path / "number").write_text(" 12\n")
    (tmp_path / "long").write_bytes(b"x" * 200_000 + b"\xff")
    assert read_number(tmp_path / "number") == 12
    assert read_text(tmp_path / "long") == "x" * 200_000 + "�"
