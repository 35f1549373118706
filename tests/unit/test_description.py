from __future__ import annotations

from machines import make_disturbed, make_loads
from records import (
    each,
    make_environment,
    make_failure,
    make_phases,
    make_record,
    make_result,
    make_step_job,
)

from dlbench.description import describe_record, render_sections
from dlbench.job import Parity, Probe
from dlbench.record import Check, Energy, ParityFacts, Record
from dlbench.scenario import Trials, Warmup


def words(record: Record, **switches: bool) -> str:
    return render_sections(describe_record(record, **switches))


def has_line(text: str, name: str, value: str) -> bool:
    lines = (line.strip().partition("  ") for line in text.splitlines())
    return any(head == name and rest.strip() == value for head, _, rest in lines)


def test_a_good_run_says_what_it_measured() -> None:
    text = words(make_record())
    assert has_line(text, "ended", "ok")
    assert has_line(text, "pipelined", "500 ms each (10 in 5 s)")
    assert has_line(text, "step", "median 530 ms [520 ms, 540 ms] of 5, last 550 ms")
    assert has_line(text, "build", "1.25 s")
    assert has_line(text, "peak_memory", "3 GiB")
    assert has_line(text, "versions found", "torch 2.13.0, python 3.11.2")
    assert has_line(text, "weights_changed", "held")
    assert has_line(text, "tf32", "off")
    assert has_line(text, "parameters", "7850")
    assert has_line(text, "engine name", "docker")
    assert has_line(text, "command line", "dlbench run tiny")


def test_a_failure_is_shown_with_its_traceback_on_request() -> None:
    record = make_failure("abcd00000001", detail="no such kernel")
    text = words(record)
    assert has_line(text, "RuntimeError", "no such kernel")
    assert has_line(text, "more", "dlbench show --traceback abcd00000001")
    assert "Traceback (most recent call last)" not in text
    whole = words(record, traceback=True)
    assert "Traceback (most recent call last)" in whole
    assert has_line(whole, "end of the log", "loading")
    assert "died" in whole


def test_a_run_without_a_result_says_so() -> None:
    text = words(make_failure("abcd00000001", "timeout", "missing"))
    assert has_line(text, "ended", "timeout 600 s")
    assert has_line(text, "as the worker said", "missing")
    assert has_line(text, "versions found", "none: the worker left no result")
    assert "measured" not in text


def test_a_fact_that_did_not_hold_stands_out() -> None:
    audit = {"weights_changed": {"passed": False, "unchanged": ["dense_1/bias"]}}
    text = words(make_record(result=make_result(make_phases(), audit=audit)))
    assert has_line(text, "weights_changed", "DID NOT HOLD; unchanged dense_1/bias")


def test_values_that_are_not_finite_are_counted() -> None:
    phases = make_phases(loss=each("loss", [2.0, "nan", 4.0], "1"))
    text = words(make_record(result=make_result(phases)))
    assert has_line(text, "loss", "median 3 [2.5, 3.5] of 3, last 4, 1 not finite")


def test_packages_are_listed_on_request() -> None:
    assert "Python packages" not in words(make_record())
    assert has_line(words(make_record(), packages=True), "torch", "2.13.0")


def test_the_plan_says_when_it_is_cut() -> None:
    job = make_step_job()
    trials = Trials(at_most=100, at_least=5, seconds=120.0)
    warmup = Warmup(at_most=30, at_least=3, seconds=60.0, settle=0.05, window=4)
    job = make_step_job(
        plan=type(job.plan)(
            warmup=warmup, stepwise=trials, pipelined=trials, predict=trials, epochs=2,
            steps_per_epoch=60,
        )
    )  # fmt: skip
    text = words(make_record(job=job))
    assert "warm-up until 4 and 4 steps agree within 5%, at most 30 or 60 s" in text
    assert "100 or 120 s (at least 5)" in text
    assert "2 epochs cut to 60 steps" in text


def test_gpus_and_counters_are_shown() -> None:
    environment = make_environment(
        gpus=({"name": "Example GPU", "driver": "1.2"},), during={"foreign_cpu_seconds": 1.5}
    )
    text = words(make_record(environment=environment))
    assert has_line(text, "GPU 0", "name Example GPU, driver 1.2")
    assert has_line(text, "foreign cpu", "1.5 s")


def test_a_disturbed_run_says_by_what() -> None:
    energy = (
        Energy(part="processor", source="RAPL", trust="measured", joules=1234.5),
        Energy(part="device", source="nvidia-smi", trust="unavailable", reason="there is none"),
    )
    environment = make_disturbed(samples=make_loads([0.8] * 20), energy=energy)
    text = words(make_record(environment=environment))
    assert has_line(text, "disturbed", "beside foreign load (0.8 CPUs)")
    assert has_line(text, "watched", "100 s")
    assert "20, one every 2 s: busy_cpu_seconds, own_cpu_seconds" in text
    assert has_line(text, "energy, processor", "1234 J, measured (RAPL)")
    assert has_line(text, "energy, device", "unavailable (nvidia-smi): there is none")
    assert "disturbed" not in words(make_record(environment=make_disturbed()))


def test_parity_is_shown_with_every_check() -> None:
    checks = (
        Check(name="losses", status="passed", difference=1e-7, bound=1e-5),
        Check(name="gradients", status="failed", difference="nan", bound=0.05, detail="first at a"),
        Check(name="optimizer adam", status="declared", difference=0.3, bound=1e-4, detail="eps"),
        Check(name="dropout-1", status="failed", detail="the worker observed nothing"),
    )
    facts = ParityFacts(verdict="failed", run_id="9a9a", reason="gradients: first", checks=checks)
    text = words(make_record(parity=facts, kind="parity"))
    assert has_line(text, "verdict", "failed")
    assert has_line(text, "shown by run", "9a9a")
    assert has_line(text, "losses", "passed, 1e-07 (bound 1e-05)")
    assert has_line(text, "gradients", "failed, nan (bound 0.05); first at a")
    assert has_line(text, "optimizer adam", "declared, 0.3 (bound 0.0001); eps")
    assert has_line(text, "dropout-1", "failed; the worker observed nothing")


def test_a_parity_run_names_its_probes_in_place_of_a_plan() -> None:
    probe = Probe(name="network", kind="network", task=make_step_job().task, steps=10)
    job = make_step_job(parity=Parity(role="compare", probes=(probe,)))
    text = words(make_record(job=job, kind="parity"))
    assert has_line(text, "probes", "network")
    assert "warm-up" not in text
