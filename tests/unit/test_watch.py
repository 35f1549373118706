"""A watch over real processes of this machine, and over folders that look like one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine_runs import make_image, make_spec

from dlbench.disturbances import find_disturbances
from dlbench.engine import EngineFacts, Exit
from dlbench.host import describe
from dlbench.kernel import Kernel
from dlbench.process_tree import read_tree_seconds
from dlbench.sampler import Sampler
from dlbench.series import Series
from dlbench.venv_engine import VenvEngine
from dlbench.watch import Watch

SPIN = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"


@contextmanager
def busy_loop() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", SPIN.format(seconds=60)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_busy_loop_beside_a_run_is_flagged(tmp_path: Path) -> None:
    engine = VenvEngine(tmp_path / "environments")
    spec = make_spec(tmp_path, make_image(sys.executable), SPIN.format(seconds=4), cpus=(0,))
    watch = Watch(engine.cpu_seconds, cpus=(0,), interval_seconds=0.25)
    with busy_loop(), watch:
        ended = engine.execute(spec)
    environment = describe(watch, ended, engine.facts())
    found = {one.kind: one.amount for one in find_disturbances(environment, 1)}
    # Beside the loop the machine may have other work, but never less than most of one processor.
    assert found["foreign load"] > 0.4
    assert environment.samples is not None
    own = environment.samples.columns["own_cpu_seconds"]
    assert own[-1] is not None
    assert ended.cpu_seconds is not None
    assert 0 < own[-1] <= ended.cpu_seconds
    assert engine.cpu_seconds() is None


def test_what_a_run_uses_itself_is_not_foreign(tmp_path: Path) -> None:
    engine = VenvEngine(tmp_path / "environments")
    spec = make_spec(tmp_path, make_image(sys.executable), SPIN.format(seconds=3))
    watch = Watch(engine.cpu_seconds, interval_seconds=0.25)
    with watch:
        ended = engine.execute(spec)
    assert ended.cpu_seconds is not None
    assert watch.samples is not None
    own = [used or 0.0 for used in watch.samples.columns["own_cpu_seconds"]]
    assert own == sorted(own)
    # Within the interval after the last sample, and what it took to begin.
    assert own[-1] == pytest.approx(ended.cpu_seconds, abs=0.6)


def test_descendants_belong_to_a_process() -> None:
    burn = "import time\nwhile time.process_time() < {seconds}: pass\nprint(1, flush=True)"
    program = f"""
import subprocess, sys
print(0, flush=True)
subprocess.run([sys.executable, "-c", {burn.format(seconds=0.5)!r}])
other = {burn.format(seconds=0.5) + chr(10) + "input()"!r}
subprocess.Popen([sys.executable, "-c", other], stdin=subprocess.PIPE).wait()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        before = read_tree_seconds(process.pid)
        assert [process.stdout.readline(), process.stdout.readline()] == ["1\n", "1\n"]
        after = read_tree_seconds(process.pid)
        process.kill()
    assert before is not None
    assert after is not None
    # One child has ended and was waited for, the other is there; the kernel counts in hundredths.
    assert after - before >= 0.95
    assert read_tree_seconds(process.pid) is None


def test_the_tree_is_read_from_files(tmp_path: Path) -> None:
    def make(pid: int, name: str, ticks: int, children: str = "") -> None:
        folder = tmp_path / f"{pid}/task/{pid}"
        folder.mkdir(parents=True)
        times = f"{ticks} {ticks} {ticks} {ticks}"
        (tmp_path / f"{pid}/stat").write_text(f"{pid} ({name}) S 1 1 1 0 -1 4 1 2 3 4 {times} 20")
        (folder / "children").write_text(children)

    make(10, "odd ) name", 100, "11 12 ")
    make(11, "child", 50, "13")
    make(13, "grandchild", 25)
    # Process 12 has gone meanwhile.
    assert read_tree_seconds(10, tmp_path) == pytest.approx(7.0)


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    nothing = Kernel(proc=tmp_path, sys=tmp_path)
    watch = Watch(lambda: None, kernel=nothing, interval_seconds=0.05)
    with watch:
        time.sleep(0.3)
    found = describe(watch, Exit(how="exited", wall_seconds=1.0), EngineFacts(name="test"), nothing)
    assert found.memory_bytes == 0
    assert found.governor is None
    assert set(found.during) == {"wall_seconds", "watched_seconds", "sampler_cpu_seconds"}
    assert found.samples is not None
    assert set(found.samples.columns) == {"dlbench_cpu_seconds"}
    assert [energy.trust for energy in found.energy] == ["unavailable"]
    assert find_disturbances(found, 2) == () or found.load_before is not None


def test_counters_count_from_the_start(tmp_path: Path) -> None:
    cpufreq = tmp_path / "devices/system/cpu/cpu3/cpufreq"
    cpufreq.mkdir(parents=True)
    (cpufreq / "scaling_cur_freq").write_text("2500000\n")
    package = tmp_path / "class/powercap/intel-rapl:0"
    package.mkdir(parents=True)
    for name, content in (("name", "package-0"), ("max_energy_range_uj", "9"), ("energy_uj", "7")):
        (package / name).write_text(content)
    (tmp_path / "stat").write_text("cpu  1000 0 0 0 0 0 0 100 0 0\n")
    (tmp_path / "cpuinfo").write_text("vendor_id : GenuineIntel\nflags : avx2\n")
    kernel = Kernel(proc=tmp_path, sys=tmp_path)
    watch = Watch(lambda: 1.5, cpus=(3,), kernel=kernel, interval_seconds=0.05)
    with watch:
        (tmp_path / "stat").write_text("cpu  1200 0 0 0 0 0 0 150 0 0\n")
        (package / "energy_uj").write_text("3")
        time.sleep(0.3)
    assert watch.samples is not None
    last = {name: values[-1] for name, values in watch.samples.columns.items()}
    assert last["busy_cpu_seconds"] == pytest.approx(2.0)
    assert last["steal_seconds"] == pytest.approx(0.5)
    assert last["own_cpu_seconds"] == pytest.approx(1.5)
    assert last["frequency_mhz"] == pytest.approx(2500)
    assert watch.joules == pytest.approx(5e-6)
    found = describe(watch, Exit(how="exited", cpu_seconds=1.5), EngineFacts(name="test"), kernel)
    assert found.during["foreign_cpu_seconds"] == pytest.approx(0.5)
    assert found.energy[0].trust == "measured"


def test_sampling_ends_with_the_run_whatever_happens() -> None:
    watch = Watch(lambda: None, interval_seconds=60.0)
    threads = threading.active_count()

    def fail() -> None:
        with watch:
            raise RuntimeError

    started = time.monotonic()
    with pytest.raises(RuntimeError):
        fail()
    assert time.monotonic() - started < 10
    assert threading.active_count() == threads
    assert watch.samples is None


def test_the_sampler_sleeps_between_samples() -> None:
    moments: list[float] = []

    def read() -> dict[str, float]:
        moments.append(time.monotonic())
        return {"x": 1.0}

    sampler = Sampler(read, Series(0.1), 0.1)
    sampler.start()
    time.sleep(1.05)
    found = sampler.stop()
    assert found is not None
    assert 3 <= len(moments) <= 11
    assert len(found.seconds) == len(moments)
    assert sampler.cpu_seconds < 0.1
