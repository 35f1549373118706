"""The counters of processor packages, in folders that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.energy import PackageMeter, describe_packages, find_packages, integrate
from dlbench.kernel import Kernel
from dlbench.record import Samples


def make_domain(root: Path, folder: str, name: str, microjoules: int) -> Path:
    domain = root / "class/powercap" / folder
    domain.mkdir(parents=True)
    (domain / "name").write_text(f"{name}\n")
    (domain / "max_energy_range_uj").write_text("1000000\n")
    (domain / "energy_uj").write_text(f"{microjoules}\n")
    return domain / "energy_uj"


def test_packages_are_added_up_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    first = make_domain(tmp_path, "intel-rapl:0", "package-0", 400_000)
    second = make_domain(tmp_path, "intel-rapl:1", "package-1", 900_000)
    # Parts of a package, the platform around it, and the same package through another bus.
    make_domain(tmp_path, "intel-rapl:0:0", "core", 1)
    make_domain(tmp_path, "intel-rapl:2", "psys", 1)
    make_domain(tmp_path, "intel-rapl-mmio:0", "package-0", 1)
    kernel = Kernel(sys=tmp_path)
    assert [package.counter for package in find_packages(kernel)] == [first, second]
    meter = PackageMeter(kernel)
    assert meter.read() == 0
    first.write_text("500000\n")
    second.write_text("100000\n")
    # 0.1 J in the first; the second went over its end at 1 J: 0.2 J.
    assert meter.read() == pytest.approx(0.3)
    first.write_text("500001\n")
    assert meter.read() == pytest.approx(0.300001)


def test_a_machine_without_counters(tmp_path: Path) -> None:
    meter = PackageMeter(Kernel(sys=tmp_path))
    assert meter.read() is None
    energy = describe_packages(meter, "GenuineIntel", ("avx2",), None)
    assert (energy.trust, energy.joules) == ("unavailable", None)
    assert "no such counter" in energy.reason


def test_counters_that_only_root_may_read(tmp_path: Path) -> None:
    counter = make_domain(tmp_path, "intel-rapl:0", "package-0", 1)
    counter.unlink()
    meter = PackageMeter(Kernel(sys=tmp_path))
    assert meter.read() is None
    assert "may not be read by this user" in meter.reason


def test_a_counter_that_goes_away_makes_no_half_sum(tmp_path: Path) -> None:
    counter = make_domain(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = PackageMeter(Kernel(sys=tmp_path))
    counter.unlink()
    assert meter.read() is None
    counter.write_text("500\n")
    assert meter.read() is None
    assert "any more" in meter.reason


@pytest.mark.parametrize(
    ("vendor", "features", "trust"),
    [
        ("GenuineIntel", ("avx", "avx2"), "measured"),
        ("GenuineIntel", ("avx",), "estimated"),
        ("AuthenticAMD", ("avx2",), "estimated"),
        ("", (), "estimated"),
    ],
)
def test_how_far_a_counter_is_trusted(
    tmp_path: Path, vendor: str, features: tuple[str, ...], trust: str
) -> None:
    make_domain(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = PackageMeter(Kernel(sys=tmp_path))
    energy = describe_packages(meter, vendor, features, 12.5)
    assert (energy.part, energy.trust, energy.joules) == ("processor", trust, 12.5)


def test_energy_is_the_integral_of_power() -> None:
    columns: dict[str, list[float | None]] = {"power": [100.0, None, 300.0], "none": [None] * 3}
    samples = Samples(interval_seconds=1.0, stride=1, seconds=[1.0, 2.0, 3.0], columns=columns)
    # 1 s at 100 W, 2 s at 200 W in the mean, and 2 s more at 300 W.
    assert integrate(samples, "power", 5.0) == pytest.approx(100 + 400 + 600)
    assert integrate(samples, "power", 0.0) == pytest.approx(100 + 400)
    assert integrate(samples, "none", 5.0) is None
    assert integrate(samples, "absent", 5.0) is None
