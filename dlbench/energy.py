"""Energy: what the processors' own counters (RAPL) say a run took, and how far to trust them.

The counters are of whole processor packages: whatever else ran on them is in the figure, and what
memory, disks and fans took is not.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from dlbench.kernel import Kernel, read_number, read_text
from dlbench.record import Energy, Samples

SOURCE = "RAPL, processor packages"
MICROJOULES = 1e6

#: Since Haswell, Intel's counters measure; before, and on other makes, they are a model fed with
#: activity (Hackenberg et al. 2015, doi 10.1109/IPDPSW.2015.70; Schöne et al. 2021,
#: arXiv 2108.00808).  Haswell brought AVX2.
MEASURING_VENDOR, MEASURING_FEATURE = "GenuineIntel", "avx2"


class Package(Struct, frozen=True, kw_only=True):
    """The counter of one processor package, which begins again at ``range_microjoules``."""

    counter: Path
    range_microjoules: int


class PackageMeter:
    """Adds up what the packages took since it was made; read it more often than they wrap."""

    def __init__(self, kernel: Kernel) -> None:
        self._packages = find_packages(kernel)
        self._last = [read_number(package.counter) for package in self._packages]
        self._sum_microjoules = 0
        self.reason = explain_absence(self._packages, self._last)

    def read(self) -> float | None:
        """Return the joules so far; None where they cannot be read, now or at any time before."""
        if self.reason:
            return None
        for number, package in enumerate(self._packages):
            now, last = read_number(package.counter), self._last[number]
            if now is None or last is None:
                self.reason = "a counter could not be read any more while the run went on"
                return None
            used = now - last
            self._sum_microjoules += used if used >= 0 else used + package.range_microjoules
            self._last[number] = now
        return self._sum_microjoules / MICROJOULES


def find_packages(kernel: Kernel) -> tuple[Package, ...]:
    """Return the packages that have a counter; the same one seen through another bus is left out.

    See the kernel's Documentation/power/powercap/powercap.rst.
    """
    found = []
    for folder in sorted(kernel.find_sys("class/powercap/intel-rapl:*")):
        if read_text(folder / "name").startswith("package"):
            span = read_number(folder / "max_energy_range_uj")
            found.append(Package(counter=folder / "energy_uj", range_microjoules=span or 0))
    return tuple(found)


def explain_absence(packages: tuple[Package, ...], values: list[int | None]) -> str:
    """Say why there is nothing to be read, or ''."""
    if not packages:
        return "this machine shows no such counter, as most virtual machines"
    if None in values:
        unreadable = packages[values.index(None)].counter
        return f"{unreadable} may not be read by this user (mostly root alone may)"
    return ""


def describe_packages(
    meter: PackageMeter, vendor: str, features: tuple[str, ...], joules: float | None
) -> Energy:
    """Return the energy of the packages over a run, with how far to trust it."""
    if joules is None:
        return Energy(part="processor", source=SOURCE, trust="unavailable", reason=meter.reason)
    if vendor == MEASURING_VENDOR and MEASURING_FEATURE in features:
        return Energy(part="processor", source=SOURCE, trust="measured", joules=joules)
    return Energy(
        part="processor",
        source=SOURCE,
        trust="estimated",
        joules=joules,
        reason="this make's counters are a model of the power, not a measurement",
    )


def integrate(samples: Samples, column: str, until_seconds: float) -> float | None:
    """Return the integral of ``column`` from the start until then, by the trapezoidal rule.

    Before its first and after its last value, these hold.  None without any value.
    """
    values = samples.columns.get(column, [])
    points = [
        (second, value)
        for second, value in zip(samples.seconds, values, strict=False)
        if value is not None
    ]
    if not points:
        return None
    points = [(0.0, points[0][1]), *points, (max(until_seconds, points[-1][0]), points[-1][1])]
    return sum(
        (later - earlier) * (before + after) / 2
        for (earlier, before), (later, after) in pairwise(points)
    )
