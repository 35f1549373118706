"""The machine that runs are executed on: what it is, and how it was over one run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from msgspec import Struct, structs

from dlbench.counters import read_memory
from dlbench.energy import describe_packages
from dlbench.engine import EngineFacts, Exit
from dlbench.gpus import read_gpus
from dlbench.kernel import Kernel
from dlbench.record import Environment
from dlbench.watch import Watch

MEMORY_LIMITS = ("memory.max", "memory.limit_in_bytes")
#: Which machine this is virtual on is asked of a program.
ANSWER_SECONDS = 5


def describe(
    watch: Watch, ended: Exit, engine: EngineFacts, kernel: Kernel | None = None
) -> Environment:
    """Return the machine as it is, with what ``watch`` saw and what the engine says of itself."""
    kernel = kernel or Kernel()
    cpu = read_cpu(kernel.read_proc("cpuinfo"))
    packages = describe_packages(watch.packages, cpu.vendor, cpu.features, watch.joules)
    devices = watch.gpus.measure_energy() if watch.gpus else ()
    return Environment(
        host=platform.node(),
        operating_system=read_system(),
        kernel=platform.release(),
        cpu_model=cpu.model,
        cpu_count=os.cpu_count() or 0,
        cpu_features=cpu.features,
        memory_bytes=read_memory(kernel.read_proc("meminfo"), "MemTotal") or 0,
        virtualization=read_virtualization(cpu.features, kernel),
        governor=kernel.read_sys("devices/system/cpu/cpu0/cpufreq/scaling_governor") or None,
        frequency_mhz=watch.before.frequency_mhz,
        load_before=watch.before.load,
        load_after=watch.after.load if watch.after else None,
        during=watch.summarize(ended.wall_seconds, ended.cpu_seconds),
        samples=watch.samples,
        gpu_samples=watch.gpus.samples if watch.gpus else {},
        energy=(packages, *devices),
        gpus=read_gpus(),
        engine=structs.asdict(engine) | {"limits_here": read_limits(kernel)},
    )


class Cpu(Struct, frozen=True, kw_only=True):
    """The processor as ``/proc/cpuinfo`` has it."""

    model: str
    vendor: str
    features: tuple[str, ...]


def read_cpu(text: str) -> Cpu:
    """Read model, vendor and features out of ``/proc/cpuinfo`` (x86 and ARM)."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name.strip(), value.strip())
    model = values.get("model name") or values.get("Model") or platform.processor()
    features = values.get("flags") or values.get("Features") or ""
    return Cpu(
        model=model or platform.machine(),
        vendor=values.get("vendor_id", ""),
        features=tuple(sorted(features.split())),
    )


def usable_memory_bytes() -> int:
    """Return the machine's memory, or less where dlbench itself is limited to less."""
    kernel = Kernel()
    installed = read_memory(kernel.read_proc("meminfo"), "MemTotal") or 0
    limits = [
        int(limit)
        for name, limit in read_limits(kernel).items()
        if limit.isdigit() and name in MEMORY_LIMITS
    ]
    return min([installed, *limits])


def read_system() -> str:
    """Return the operating system's own name for itself."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.platform()


def read_virtualization(features: tuple[str, ...], kernel: Kernel) -> str | None:
    """Return what the machine runs on (``kvm``, ``kvm+docker``); ``none`` is bare metal."""
    detector = shutil.which("systemd-detect-virt")
    if detector:
        found = [_output([detector, kind]).strip() for kind in ("--vm", "--container")]
        return "+".join(name for name in found if name not in {"", "none"}) or "none"
    if "hypervisor" in features:
        return kernel.read_sys("class/dmi/id/sys_vendor") or "unknown hypervisor"
    return None


def read_limits(kernel: Kernel) -> dict[str, str]:
    """Return the limits that dlbench itself is under, as a container or a session sets them."""
    limits = {"cpus": ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))}
    for name, path in (
        ("memory.max", "fs/cgroup/memory.max"),
        ("cpu.max", "fs/cgroup/cpu.max"),
        ("memory.limit_in_bytes", "fs/cgroup/memory/memory.limit_in_bytes"),
        ("cpu.cfs_quota_us", "fs/cgroup/cpu/cpu.cfs_quota_us"),
    ):
        value = kernel.read_sys(path)
        if value:
            limits[name] = value
    return limits


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
