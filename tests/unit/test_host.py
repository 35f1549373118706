"""What is read of the machine, out of the kernel's own files."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from dlbench import host
from dlbench.engine import EngineFacts
from dlbench.host import Reading, Watch, describe

X86 = dedent("""\
    processor\t: 0
    model name\t: Some Xeon
    cpu MHz\t\t: 2000.0
    flags\t\t: sse2 avx512f hypervisor

    processor\t: 1
    model name\t: Some Xeon
    cpu MHz\t\t: 3000.0
    flags\t\t: sse2 avx512f hypervisor
    """)
ARM = "processor\t: 0\nFeatures\t: fp asimd\n\nModel\t: Some Board\n"
GPUS = "Some GPU, 560.1, 81559, 700.00, 1980, 1980, 30, 9.0, [N/A]\n"


def test_an_x86_processor() -> None:
    cpu = host.read_cpu(X86)
    assert cpu.model == "Some Xeon"
    assert cpu.features == ("avx512f", "hypervisor", "sse2")
    assert cpu.frequency_mhz == pytest.approx(2500)


def test_an_arm_processor() -> None:
    cpu = host.read_cpu(ARM)
    assert (cpu.model, cpu.features, cpu.frequency_mhz) == ("Some Board", ("asimd", "fp"), None)


def test_processor_times_are_seconds() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    busy, steal = host.read_cpu_times(f"cpu  {tick} 0 {tick} 99 99 0 {tick} {2 * tick} 0 0\ncpu0")
    assert (busy, steal) == (3, 2)
    assert host.read_cpu_times("") == (None, None)


def test_memory_stalls_and_swapping() -> None:
    text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0 total=9\n"
    assert host.read_stall(text) == pytest.approx(2.5)
    assert host.read_stall("") is None
    assert host.read_memory("MemTotal:       1024 kB\n", "MemTotal") == 2**20
    assert host.read_swapping("pswpin 3\npswpout 4\nother 5\n") == 7
    assert host.read_swapping("other 5\n") is None


def test_devices_as_nvidia_smi_lists_them() -> None:
    (gpu,) = host.read_gpus(lambda _: GPUS)
    assert gpu["name"] == "Some GPU"
    assert gpu["driver"] == "560.1"
    assert gpu["power_limit_watts"] == "700.00"
    assert "mig" not in gpu


def test_no_devices() -> None:
    assert host.read_gpus(lambda _: "") == ()
    assert host.read_gpus(lambda _: "NVIDIA-SMI has failed because of something\n") == ()


def test_foreign_processor_time_is_what_the_run_did_not_use() -> None:
    before = Reading(seconds=1.0, busy_seconds=10.0, steal_seconds=0.5, throttled=2)
    after = Reading(seconds=4.0, busy_seconds=16.0, steal_seconds=0.75, throttled=2)
    watch = Watch(before=before, after=after, wall_seconds=3.0, own_cpu_seconds=4.5)
    found = watch.summarize()
    assert found["foreign_cpu_seconds"] == pytest.approx(1.5)
    assert found["steal_seconds"] == pytest.approx(0.25)
    assert found["watched_seconds"] == pytest.approx(3)
    assert found["throttled"] == 0
    assert "memory_stall_seconds" not in found


def test_what_is_not_known_is_absent() -> None:
    before, after = Reading(seconds=1.0, busy_seconds=1.0), Reading(seconds=2.0, busy_seconds=2.0)
    found = Watch(before=before, after=after, wall_seconds=1.0).summarize()
    assert "foreign_cpu_seconds" not in found
    assert Watch(before=before).summarize() == {}


def test_this_machine() -> None:
    watch = Watch.start().finish(1.0, 0.5)
    found = describe(watch, EngineFacts(name="test", details={"a": "b"}))
    assert found.cpu_model
    assert found.cpu_count >= 1
    assert found.memory_bytes > 2**28
    assert found.kernel
    assert found.load_after is not None
    assert found.during["busy_cpu_seconds"] >= 0
    assert found.engine["name"] == "test"
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_memory_is_what_dlbench_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = host.usable_memory_bytes()
    assert 2**28 < installed <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(host, "read_limits", lambda: {"memory.max": str(2**28), "cpus": "0"})
    assert host.usable_memory_bytes() == 2**28
    monkeypatch.setattr(host, "read_limits", lambda: {"memory.max": "max"})
    assert host.usable_memory_bytes() == installed


def test_a_machine_without_these_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "PROC", tmp_path)
    monkeypatch.setattr(host, "SYS", tmp_path)
    found = describe(Watch.start().finish(1.0), EngineFacts(name="test"))
    assert found.memory_bytes == 0
    assert found.governor is None
    assert set(found.during) == {"wall_seconds", "watched_seconds"}
