"""What a run is said to have been disturbed by, and from which amount on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from machines import make_disturbed, make_loads, make_samples

from dlbench.disturbances import (
    GPU_REASONS,
    WORDS,
    Disturbance,
    find_disturbances,
    summarize_disturbances,
)

GIB = 2**30


def describe(cpus: int = 2, **changes: Any) -> list[str]:
    """Return the remarks on a quiet run that has been changed so."""
    return [one.describe() for one in find_disturbances(make_disturbed(**changes), cpus)]


def test_a_quiet_run_has_no_remark() -> None:
    assert describe() == []


def test_what_was_not_read_is_no_remark() -> None:
    assert describe(samples=None, load_before=None, during={}) == []


def test_foreign_load() -> None:
    assert describe(samples=make_loads([0.8] * 20)) == ["beside foreign load (0.8 CPUs)"]
    # Many processors bear what two do not.
    assert describe(samples=make_loads([0.1] * 20)) == ["beside foreign load (0.1 CPUs)"]
    assert describe(cpus=64, samples=make_loads([0.1] * 20)) == []


def test_a_burst() -> None:
    # 0.6 processors for 6 of 400 s are 0.009 over the run as a whole.
    loads = [0.0] * 100 + [0.6] * 3 + [0.0] * 97
    assert describe(samples=make_loads(loads)) == ["beside a burst of foreign load (0.6 CPUs)"]
    loads = [0.0] * 100 + [0.6] * 1 + [0.0] * 97
    assert describe(samples=make_loads(loads)) == []


def test_a_run_too_short_to_tell() -> None:
    assert describe(samples=make_loads([1.0, 1.0])) == []


def test_the_load_before_counts_only_where_foreign_load_is_unknown() -> None:
    busy = (2.3, 1.0, 1.0)
    assert describe(load_before=busy) == []
    assert describe(load_before=busy, samples=make_samples(steal_seconds=[0.0])) == [
        "begun at load 2.3, foreign load not readable"
    ]
    assert describe(load_before=(0.4, 1.0, 1.0), samples=None) == []
    # A run that ended before the first sample is too short to tell.
    assert describe(load_before=busy, samples=None, during={"own_cpu_seconds": 1.0}) == []


@pytest.mark.parametrize(
    ("during", "remark"),
    [
        ({"steal_seconds": 6.0}, "with 3 % of its CPU time stolen by the hypervisor"),
        ({"memory_stall_seconds": 4.0}, "stalled for memory 4 % of the time"),
        ({"swapped_pages": 5000}, "beside swapping (5000 pages)"),
        ({"throttled": 12}, "on a CPU throttled for heat (12 times)"),
        ({"foreign_gpu_processes": 1}, "beside 1 other processes on the GPU"),
    ],
)
def test_what_the_machine_counted(during: dict[str, float], remark: str) -> None:
    assert describe(during=during) == [remark]


def test_memory_nearly_full() -> None:
    def run(left: Sequence[float | None]) -> list[str]:
        loads = make_loads([0.0] * len(left))
        loads.columns["available_memory_bytes"] = list(left)
        return describe(samples=loads, memory_bytes=24 * GIB)

    assert run([20.0 * GIB, None, 12.0 * GIB]) == []
    assert run([20.0 * GIB, 0.6 * GIB, 12.0 * GIB]) == ["with 97.5 % of the memory in use"]


def test_a_clock_that_fell() -> None:
    def run(clocks: Sequence[float], own_cpus: float = 2.0) -> list[str]:
        loads = make_loads([0.0] * len(clocks), own_cpus)
        loads.columns["frequency_mhz"] = list(clocks)
        return describe(samples=loads)

    # The high clock of a single processor at work while the framework is imported is not meant.
    assert run([4500.0] * 5 + [3400.0] * 15) == []
    assert run([3400.0] * 12 + [2550.0] * 8) == ["on a CPU clock that fell by 25 %"]
    assert run([3400.0] * 5 + [1700.0] * 3) == []


def test_an_idle_clock_is_no_fallen_one() -> None:
    loads = make_loads([0.0] * 24)
    loads.columns["frequency_mhz"] = [*[3400.0] * 18, *[800.0] * 6]
    for name in ("own_cpu_seconds", "busy_cpu_seconds"):
        loads.columns[name] = [*(4.0 * number for number in range(1, 19)), *[72.0] * 6]
    assert describe(samples=loads) == []


def test_a_device_that_was_held_back() -> None:
    samples = make_samples(
        utilization_percent=[95.0] * 20,
        clock_mhz=[1980.0] * 12 + [1485.0] * 8,
        clock_reasons=[0.0] * 12 + [0x44, 0x40] * 4,
    )
    cool = make_samples(utilization_percent=[0.0] * 20, clock_reasons=[0x1] * 20)
    assert describe(gpu_samples={"0": samples, "1": cool}) == [
        "on a GPU clock that fell by 25 %",
        "on a GPU held back by power limit (20 % of the time)",
        "on a GPU held back by heat (hardware) (40 % of the time)",
    ]
    assert describe(gpu_samples={"1": cool}) == []


def test_an_idle_device_s_clock_has_not_fallen() -> None:
    samples = make_samples(
        utilization_percent=[95.0] * 12 + [0.0] * 8, clock_mhz=[1980.0] * 12 + [345.0] * 8
    )
    assert describe(gpu_samples={"0": samples}) == []


def test_moments_without_an_answer_shift_nothing() -> None:
    # The clock is low while the device is idle, between two answers that are missing.
    samples = make_samples(
        utilization_percent=[None] * 4 + [95.0] * 12 + [0.0] * 8,
        clock_mhz=[1980.0] * 16 + [345.0] * 8,
    )
    assert describe(gpu_samples={"0": samples}) == []
    stopped = make_samples(utilization_percent=[95.0] * 20, clock_mhz=[0.0] * 20)
    assert describe(gpu_samples={"0": stopped}) == []


def test_several_runs_are_summed_up() -> None:
    loud, quiet = (Disturbance("foreign load", 0.8),), ()
    assert summarize_disturbances([loud]) == ["beside foreign load (0.8 CPUs)"]
    assert summarize_disturbances([quiet]) == []
    worse = (Disturbance("foreign load", 1.25), Disturbance("heat", 2.0))
    assert summarize_disturbances([quiet, loud, worse]) == [
        "2 of 3 runs beside foreign load (1.2 CPUs)",
        "1 of 3 runs on a CPU throttled for heat (2 times)",
    ]


def test_every_kind_has_words() -> None:
    assert all(Disturbance(kind, 12.0).describe() for kind in WORDS)
    assert {f"GPU {reason}" for reason in GPU_REASONS.values()} < set(WORDS)
