"""What is read of the machine, out of the kernel's own files."""

from __future__ import annotations

import os
import time
from textwrap import dedent

import msgspec
import pytest

from dlbench import host
from dlbench.engine import EngineFacts, Exit
from dlbench.host import describe
from dlbench.watch import Watch, find_foreign

X86 = dedent("""\
    processor\t: 0
    vendor_id\t: GenuineIntel
    model name\t: Some Xeon
    cpu MHz\t\t: 2000.0
    flags\t\t: sse2 avx512f hypervisor

    processor\t: 1
    model name\t: Some Xeon
    cpu MHz\t\t: 3000.0
    flags\t\t: sse2 avx512f hypervisor
    """)
ARM = "processor\t: 0\nFeatures\t: fp asimd\n\nModel\t: Some Board\n"


def test_an_x86_processor() -> None:
    cpu = host.read_cpu(X86)
    assert cpu.model == "Some Xeon"
    assert cpu.features == ("avx512f", "hypervisor", "sse2")
    assert cpu.vendor == "GenuineIntel"


def test_an_arm_processor() -> None:
    cpu = host.read_cpu(ARM)
    assert (cpu.model, cpu.features, cpu.vendor) == ("Some Board", ("asimd", "fp"), "")


def test_what_is_not_known_is_absent() -> None:
    watch = Watch(lambda: None)
    assert watch.summarize(1.0, None) == {}
    with watch:
        pass
    found = watch.summarize(1.0, None)
    assert "busy_cpu_seconds" in found
    assert "foreign_cpu_seconds" not in found
    assert "foreign_gpu_processes" not in found


def test_foreign_processor_time_is_what_the_run_did_not_use() -> None:
    assert find_foreign(6.0, 4.5) == pytest.approx(1.5)
    assert find_foreign(1.0, 1.02) == 0
    assert find_foreign(None, 1.0) is None
    assert find_foreign(1.0, None) is None


def test_this_machine() -> None:
    with Watch(lambda: 0.25, interval_seconds=0.05) as watch:
        time.sleep(0.2)
    ended = Exit(how="exited", wall_seconds=1.0, cpu_seconds=0.25)
    found = describe(watch, ended, EngineFacts(name="test", details={"a": "b"}))
    assert found.cpu_model
    assert found.cpu_count >= 1
    assert found.memory_bytes > 2**28
    assert found.kernel
    assert found.load_after is not None
    assert found.during["busy_cpu_seconds"] >= 0
    assert found.samples is not None
    assert {"busy_cpu_seconds", "available_memory_bytes"} <= set(found.samples.columns)
    assert found.energy[0].part == "processor"
    assert found.engine["name"] == "test"
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_memory_is_what_dlbench_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = host.usable_memory_bytes()
    assert 2**28 < installed <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(host, "read_limits", lambda _: {"memory.max": str(2**28), "cpus": "0"})
    assert host.usable_memory_bytes() == 2**28
    monkeypatch.setattr(host, "read_limits", lambda _: {"memory.max": "max"})
    assert host.usable_memory_bytes() == installed
