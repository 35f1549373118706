"""Which settings must be equal, and between which rows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from comparisons import NCHW, NHWC, make_run
from records import make_environment, make_step_job

from dlbench.differences import SETTINGS, find_outliers, find_unequal, read_settings
from dlbench.job import Precision
from dlbench.record import Record
from dlbench.rows import Row
from dlbench.summary import gather_facts, summarize


def row(framework: str = "torch", **changes: Any) -> Row:
    return Row((summarize(make_run("a1", 1.0, framework, **changes)),))


def found(**settings: Any) -> dict[str, Any]:
    return {"settings": {"finished": settings}}


def with_job(**changes: Any) -> dict[str, Any]:
    return {"job": make_step_job(**changes)}


def with_precision(**roles: Any) -> dict[str, Any]:
    task = msgspec.structs.replace(make_step_job().task, precision=Precision(**roles))
    return with_job(task=task)


CHANGES: dict[str, dict[str, Any]] = {
    "host": {"environment": make_environment(host="looking-glass")},
    "CPU": {"environment": make_environment(cpu_model="Other CPU")},
    "engine": {"environment": make_environment(engine={"name": "venv"})},
    "processes": with_job(processes=2),
    "threads": {"result": found(threads=1)},
    "items per step": with_job(items_per_step=32),
    "precision": with_precision(compute="bfloat16"),
    "precision of weights": {"result": found(precision=["float32", "float16"])},
    "loss scaling": with_precision(loss_scaling=1024.0),
    "feed": with_job(feed="device"),
    "loop": with_job(loop="epoch"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_must_be_equal_between_frameworks(name: str) -> None:
    plain = row("tensorflow", result=found(threads=2, precision=["float32"]))
    other = row("torch", **{"result": found(threads=2, precision=["float32"]), **CHANGES[name]})
    assert find_unequal(other, plain) == [name]
    assert find_outliers([plain, plain, other], [])[:2] == [[], []]
    assert find_outliers([plain, plain, other], [])[2][0].startswith(name)


def test_on_a_gpu_tf32_counts_too() -> None:
    ours, theirs = (
        row(name, device="cuda", result=found(tf32=on))
        for name, on in (("torch", True), ("tensorflow", False))
    )
    assert find_unequal(ours, theirs) == ["tf32"]
    on_cpu = [row("torch", result=found(tf32=on)) for on in (True, False)]
    assert find_unequal(*on_cpu) == []


def test_how_a_framework_does_the_work_is_its_own_business() -> None:
    ours = row("torch", axes=NHWC, result=found(layout=["NHWC"], compiled_programs=3, blas="mkl"))
    theirs = row("jax", axes=NCHW, result=found(layout=["NCHW"], compiled_programs=0, blas="own"))
    assert find_unequal(ours, theirs) == []


def test_names_of_number_formats_are_the_same_word_everywhere() -> None:
    ours, theirs = (
        row(name, result=found(precision=[word]))
        for name, word in (("torch", "torch.float32"), ("tensorflow", "float32"))
    )
    assert find_unequal(ours, theirs) == []


def test_what_is_found_counts_before_what_was_asked_for() -> None:
    asked = make_step_job()
    assert asked.settings.threads == 2
    assert read_settings(row(result=found(threads=8)).conditions)["threads"] == "8"
    assert read_settings(row(result=found(blas="mkl")).conditions)["threads"] == "2"


def sweep(threads: int, framework: str = "torch", **axes: str) -> Row:
    settings = msgspec.structs.replace(make_step_job().settings, threads=threads)
    return row(
        framework,
        axes={"threads": str(threads), **axes},
        result=found(threads=threads),
        **with_job(settings=settings),
    )


def test_one_axis_alone_explains_what_it_sets() -> None:
    assert find_unequal(sweep(1), sweep(2)) == []
    assert find_unequal(sweep(1, layout="NHWC"), sweep(2, layout="NCHW")) == ["threads"]
    assert find_unequal(sweep(1), sweep(2, "tensorflow")) == ["threads"]


def test_a_column_explains_what_its_axis_sets() -> None:
    assert find_outliers([sweep(1), sweep(2), sweep(2)], ["threads"]) == [[], [], []]
    assert find_outliers([sweep(1), sweep(2), sweep(2)], []) == [["threads 1, not 2"], [], []]
    assert find_outliers([sweep(1), sweep(2)], []) == [["threads 1"], ["threads 2"]]


def test_every_fact_of_the_registry_is_gathered() -> None:
    record: Record = make_run("a1")
    named = {setting.fact for setting in SETTINGS.values() if setting.fact}
    assert named <= set(gather_facts(record))
