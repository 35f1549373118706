"""How long ``dlbench compare`` takes over many records of the size that a vgg16 run really has.

    python benchmarks/overhead_compare.py [--records 10000] [--template RECORD] [--cells 40]

Makes the records in a temporary folder, from a record of a real run where one is given, otherwise
from the scenario as it is (its whole job) with as many samples, events and packages as such a run
has.  Prints the seconds of the whole process, start included: with no index (cold), with one
(warm), and the same for the newest scenario's every record (--all).  Target: warm under 1 s.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dlbench.index import NAME
from dlbench.job import PROTOCOL, Event, Job, JobData, Phase, Settings, WorkerResult
from dlbench.network import build_task
from dlbench.record import (
    SCHEMA,
    CellFacts,
    Environment,
    ImageFacts,
    Limits,
    Outcome,
    Provenance,
    Record,
    ScenarioFacts,
)
from dlbench.scenario import load
from dlbench.store import decode_record, encode_record, name_file

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "vgg16.yaml"
FRAMEWORKS = ("numpy", "torch", "tensorflow", "mxnet", "jax")
TRIALS = 100


def make_samples(step_seconds: float, choice: random.Random) -> list[Phase]:
    """Return the phases of a run whose step takes about ``step_seconds``."""

    def draw(count: int, mean: float) -> list[float]:
        return [choice.gauss(mean, mean / 50) for _ in range(count)]

    def each(name: str, values: list[float], unit: str = "s") -> Phase:
        return Phase(name=name, kind="each", unit=unit, clock="perf_counter", values=list(values))

    total = sum(draw(TRIALS, step_seconds))
    block = Phase(
        name="pipelined", kind="block", unit="s", clock="perf_counter", values=[total], count=TRIALS
    )
    return [
        each("import", draw(1, 4.0)),
        each("build", draw(1, 1.5)),
        each("prepare", draw(2 * TRIALS + 5, 0.004)),
        each("warmup", draw(5, step_seconds)),
        each("first_step", draw(1, 2 * step_seconds)),
        each("step", draw(TRIALS, step_seconds)),
        block,
        each("loss", draw(TRIALS + 6, 6.9), "1"),
        each("predict", draw(3, 0.4 * step_seconds)),
        each("peak_memory", [float(6 * 2**30)], "bytes"),
    ]


def make_template() -> Record:
    """Return the record of one vgg16 run as it would come out, with made-up numbers."""
    scenario = load(SCENARIO)
    choice = random.Random(1)
    packages = {f"package-{number}": f"{number}.4.1" for number in range(45)}
    job = Job(
        protocol=PROTOCOL,
        run_id="",
        adapter="adapter.py",
        task=build_task(scenario, batch_size=scenario.batch_size),
        settings=Settings(axes={"layout": "NHWC"}, seed=1, threads=2, device="cpu"),
        plan=scenario.plans["full"],
        data=JobData(kind="synthetic", item="image", synthetic_items=64),
        items_per_step=scenario.batch_size,
        item="image",
        devices=("cpu:0",),
    )
    result = WorkerResult(
        protocol=PROTOCOL,
        status="ok",
        phases=make_samples(5.5, choice),
        versions={"torch": "2.13.0", "python": "3.11.2", "numpy": "2.4.6"},
        settings={name: {"threads": 2, "layout": "NHWC"} for name in ("built", "finished")},
        audit={name: {"passed": True} for name in ("weights_changed", "losses_finite")},
        clock={"name": "perf_counter", "resolution_seconds": 1e-9},
        parameter_count=138357544,
        packages=packages,
    )
    axes = {"batch_size": "16", "threads": "2", "feed": "host", "loop": "step", "layout": "NHWC"}
    return Record(
        schema=SCHEMA,
        run_id="",
        started="",
        campaign="",
        round=1,
        cell=CellFacts(
            scenario=scenario.name,
            framework="torch",
            plugin="dlbench-torch",
            plugin_version="0.1.0",
            image_id="torch-2.13.0",
            stack="2026",
            device="cpu",
            axes=axes,
        ),
        scenario=ScenarioFacts(
            name=scenario.name,
            digest=scenario.digest,
            metric=scenario.metric,
            file_text=SCENARIO.read_text(encoding="utf-8"),
        ),
        image=ImageFacts(
            image_id="torch-2.13.0",
            device="cpu",
            tag="dlbench/torch-2.13.0:cpu-0123456789ab",
            context_digest="0123456789ab" * 5,
            engine_id="sha256:" + "ab" * 32,
            pinned=True,
            versions={"torch": "2.13.0"},
            packages=packages,
            system_packages={f"library-{number}": f"{number}.2-1+deb12u1" for number in range(110)},
        ),
        job=job,
        limits=Limits(timeout_seconds=3600, memory_bytes=2**34, cpus=(0, 1), pids=4096),
        outcome=Outcome(how="exited", status="ok", exit_code=0, wall_seconds=1200.0),
        result=result,
        events=[
            Event(event="progress", seconds=5.5 * n, name="step", index=n, total=TRIALS, value=5.5)
            for n in range(2 * TRIALS)
        ],
        environment=Environment(
            host="bench",
            operating_system="Debian GNU/Linux 12",
            kernel="6.1.0",
            cpu_model="Example CPU",
            cpu_count=2,
            cpu_features=tuple(f"feature{number}" for number in range(120)),
            memory_bytes=24 * 2**30,
            load_before=(0.1, 0.1, 0.1),
            load_after=(2.0, 1.5, 1.0),
            during={f"counter_{number}": 1.5 * number for number in range(12)},
            engine={"name": "docker", "version": "20.10.24"},
        ),
        provenance=Provenance(dlbench="0.1.0", python="3.11.2", command_line=("dlbench", "run")),
    )


def vary(template: Record, number: int, cells: int) -> Record:
    """Return the record of run ``number``: its cell, its round, samples of its own."""
    choice = random.Random(number)
    cell, rounds = number % cells, number // cells
    framework = FRAMEWORKS[cell % len(FRAMEWORKS)]
    axes = template.cell.axes | {"batch_size": str(2 ** (cell // len(FRAMEWORKS)))}
    facts = msgspec.structs.replace(
        template.cell, framework=framework, image_id=f"{framework}-1.0", axes=axes
    )
    assert template.result is not None
    result = msgspec.structs.replace(template.result, phases=make_samples(5.0 + cell / 10, choice))
    run_id = f"{choice.getrandbits(48):012x}"
    return msgspec.structs.replace(
        template,
        run_id=run_id,
        started=time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1.8e9 + 60 * number)),
        campaign=f"campaign{rounds // 15}",
        round=1 + rounds % 15,
        cell=facts,
        image=msgspec.structs.replace(template.image, image_id=facts.image_id),
        job=msgspec.structs.replace(template.job, run_id=run_id),
        result=result,
    )


def write_records(folder: Path, template: Record, count: int, cells: int) -> int:
    """Write ``count`` records and return their mean size in bytes; not flushed one by one."""
    total = 0
    for number in range(count):
        record = vary(template, number, cells)
        path = folder / name_file(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = encode_record(record)
        path.write_bytes(content)
        total += len(content)
    return total // count


def time_compare(folder: Path, arguments: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of one whole ``dlbench compare`` process: by the clock, and of CPU."""
    command = [sys.executable, "-m", "dlbench", "compare", "--results", str(folder), *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Make the records, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10000)
    parser.add_argument("--cells", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--template", type=Path, help="a record of a real vgg16 run")
    options = parser.parse_args()
    template = decode_record(options.template.read_bytes()) if options.template else make_template()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_records(folder, template, options.records, options.cells)
        print(f"{options.records} records of {size / 1000:.1f} kB, {options.cells} cells")
        load = os.getloadavg()[0]
        print(f"load of this machine before: {load:.1f}; on a busy one, look at the CPU seconds")
        seconds, cpu = time_compare(folder, [])
        print(f"{'cold index':<12}{seconds:6.2f} s, CPU {cpu:.2f} s")
        index = (folder / NAME).stat().st_size
        for title, arguments in (("warm", []), ("warm, --all", ["--all"])):
            measured = [time_compare(folder, arguments) for _ in range(options.repeats)]
            wall, used = (statistics.median(column) for column in zip(*measured, strict=True))
            best = min(seconds for seconds, _ in measured)
            print(
                f"{title:<12}{wall:6.2f} s, CPU {used:.2f} s "
                f"(medians of {len(measured)} processes; fastest {best:.2f} s)"
            )
        print(f"index {index / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
