"""NVIDIA devices, told by programs that print what nvidia-smi is documented to print."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from dlbench import gpus
from dlbench.gpu_watch import GpuWatch

#: Prints a row of each device ten times a second until it is ended, as ``--loop-ms`` does.
LOOP = """
    import sys, time
    from datetime import datetime
    query = next(word for word in sys.argv if word.startswith("--query-"))
    if "compute-apps" in query:
        print("\\n".join({processes!r}))
        sys.exit(0)
    if {unknown!r} in query:
        print('Field "{unknown}" is not a valid field to query.')
        sys.exit(2)
    while True:
        now = datetime.now().strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]
        for index, reasons in ((0, "0x0000000000000004"), (1, "0x0000000000000000")):
            print(now, index, 1980, "123.50", 40, 97, "[N/A]", reasons, sep=", ", flush=True)
        print("something that is no row", flush=True)
        time.sleep(0.1)
"""


def make_program(folder: Path, text: str) -> str:
    """Return a program that runs ``text``."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\n{dedent(text)}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def watch_for_a_moment(program: str) -> GpuWatch:
    watch = GpuWatch(program)
    watch.start()
    deadline = time.monotonic() + 20
    while not watch._series and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    watch.stop()
    return watch


def test_devices_as_they_are_listed(tmp_path: Path) -> None:
    row = "Some GPU, 560.1, 81559, 700.00, 1980, 1980, 30, 9.0, [N/A]"
    (gpu,) = gpus.read_gpus(make_program(tmp_path, f"print({row!r})"))
    assert gpu["name"] == "Some GPU"
    assert gpu["driver"] == "560.1"
    assert gpu["power_limit_watts"] == "700.00"
    assert "mig" not in gpu


@pytest.mark.parametrize(
    "text",
    [
        "print()",
        "print('NVIDIA-SMI has failed because of something')",
        "print('No devices were found'); raise SystemExit(6)",
    ],
)
def test_no_devices(tmp_path: Path, text: str) -> None:
    assert gpus.read_gpus(make_program(tmp_path, text)) == ()


def test_no_program(tmp_path: Path) -> None:
    assert gpus.read_gpus(str(tmp_path / "none")) == ()
    assert gpus.read_processes(str(tmp_path / "none")) is None


def test_processes_that_compute(tmp_path: Path) -> None:
    program = make_program(tmp_path, "print('12'); print('34'); print('[N/A]')")
    assert gpus.read_processes(program) == frozenset({"12", "34"})
    assert gpus.read_processes(make_program(tmp_path, "raise SystemExit(9)")) is None


def test_cells() -> None:
    cells = ["12.5", "0x0000000000000044", "[N/A]", "N/A", "[Not Supported]", "", "odd"]
    assert [gpus.read_value(cell) for cell in cells] == [12.5, 0x44, *[None] * 5]


@pytest.mark.parametrize("unknown", ["none at all", "clocks_event_reasons.active"])
def test_a_watch_over_two_devices(tmp_path: Path, unknown: str) -> None:
    text = dedent(LOOP).format(processes=["77", "78"], unknown=unknown)
    watch = watch_for_a_moment(make_program(tmp_path, text))
    assert set(watch.samples) == {"0", "1"}
    first = watch.samples["0"]
    assert set(first.columns["clock_mhz"]) == {1980.0}
    assert set(first.columns["clock_reasons"]) == {4}
    assert "memory_mib" not in first.columns
    assert all(-1 < second < 30 for second in first.seconds)
    assert watch.strangers == 2
    energy = watch.measure_energy()
    assert [one.trust for one in energy] == ["estimated", "estimated"]
    assert energy[0].source.startswith("device 0")
    joules = energy[0].joules
    assert joules is not None
    assert joules == pytest.approx(123.5 * watch._seconds, rel=0.05)
    assert watch._process is not None
    assert watch._process.returncode is not None


def test_a_program_that_fails(tmp_path: Path) -> None:
    watch = GpuWatch(make_program(tmp_path, "raise SystemExit(9)"))
    watch.start()
    watch.stop()
    assert watch.samples == {}
    assert watch.strangers is None
    (energy,) = watch.measure_energy()
    assert energy.trust == "unavailable"


def test_a_program_that_ignores_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlbench.gpu_watch.STOP_SECONDS", 0.5)
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    text = stubborn + dedent(LOOP).format(processes=[], unknown="none at all")
    watch = watch_for_a_moment(make_program(tmp_path, text))
    assert set(watch.samples) == {"0", "1"}
    assert watch._process is not None
    assert watch._process.returncode == -9


def test_no_program_to_watch_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    watch = GpuWatch()
    watch.start()
    watch.stop()
    (energy,) = watch.measure_energy()
    assert "no nvidia-smi" in energy.reason
