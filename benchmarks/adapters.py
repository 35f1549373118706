"""What dlbench's step adds to a framework's own: each adapter against a hand-written script.

    python benchmarks/adapters.py --pairs 5 --steps 6 [--only torch-NHWC]

Both do the same work (VGG16, batch 16, float32, a full training step of plain gradient descent) in
the same image under the same limits: two fresh containers a pair, which do their steps in turns.
Printed are the ratio (1 is no difference, above 1 dlbench is slower; the median over the turns of a
pair, then over pairs) with its interval over pairs, and the share that each side reaches of the
matrix-product peak, measured in the same image.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from adapter_turns import HANDWRITTEN, play

from dlbench.build_settings import read_settings
from dlbench.cells import Cell, Request, expand
from dlbench.cli.workspace import open_workspace
from dlbench.engine import Engine
from dlbench.host import usable_memory_bytes
from dlbench.job import Plan, Trials, Warmup
from dlbench.network import summarize
from dlbench.preparation import Choices, Preparation, prepare_run
from dlbench.provenance import find_provenance
from dlbench.record import Record
from dlbench.runner import PreparedRun, execute_run, new_id, write_inputs
from dlbench.stats import estimate

MEMORY_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One comparison: what dlbench is asked for, and what the script is."""

    name: str
    framework: str
    script: tuple[str, ...]

    @property
    def peak(self) -> tuple[str, ...]:
        """The script that measures the matrix-product peak."""
        return ("peak.py", self.name.split("-")[0])


PAIRS = (
    Pair(
        name="tensorflow-NHWC",
        framework="tensorflow==2.21.0:layout=NHWC",
        script=("vgg16_tensorflow.py", "--layout", "NHWC"),
    ),
    Pair(
        name="torch-NHWC",
        framework="torch==2.13.0:layout=NHWC",
        script=("vgg16_torch.py", "--layout", "NHWC"),
    ),
    Pair(
        name="torch-NCHW",
        framework="torch==2.13.0:layout=NCHW",
        script=("vgg16_torch.py", "--layout", "NCHW"),
    ),
    Pair(
        name="tensorflow-NCHW",
        framework="tensorflow==2.21.0:layout=NCHW",
        script=("vgg16_tensorflow.py", "--layout", "NCHW"),
    ),
    Pair(
        name="tensorflow-NHWC-xla",
        framework="tensorflow==2.21.0:layout=NHWC,xla=on",
        script=("vgg16_tensorflow.py", "--layout", "NHWC", "--xla"),
    ),
)
DEFAULT = ("tensorflow-NHWC", "torch-NHWC", "torch-NCHW")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much is measured."""

    pairs: int
    steps: int
    warmup: int
    threads: int
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One pair, ready: the prepared run of dlbench, whose image and limits the script gets too."""

    pair: Pair
    run: PreparedRun
    #: One for each side, for an engine executes one run at a time.
    engines: tuple[Engine, Engine]
    scratch: Path
    options: Options
    training_flops: int

    def times(self) -> tuple[list[float], list[float]]:
        """Execute both sides once, in turns; return the seconds of dlbench's steps, and of the
        script's."""
        count = self.options.warmup + self.options.steps
        return play(self.engines, count, self.dlbench_seconds, self.handwritten_seconds)

    def dlbench_seconds(self, engine: Engine) -> list[float]:
        """Execute dlbench's run; return the seconds of its steps."""
        record = execute_run(
            self.run,
            engine,
            scratch=self.scratch,
            provenance=find_provenance(("benchmarks/adapters.py",)),
        )
        return step_seconds(record)

    def handwritten_seconds(self, engine: Engine) -> list[float]:
        """Execute the script; return the seconds of its steps."""
        options = self.options
        arguments = [*self.pair.script, "--turns", "--batch-size", str(options.batch_size)]
        arguments += ["--warmup", str(options.warmup), "--steps", str(options.steps)]
        found = self.execute(engine, *arguments)
        return [float(seconds) for seconds in found["step_seconds"]]

    def peak_flops(self) -> float:
        """Measure the matrix-product peak in the image."""
        return float(self.execute(self.engines[0], *self.pair.peak)["peak_gflops"]) * 1e9

    def execute(self, engine: Engine, script: str, *arguments: str) -> dict[str, Any]:
        """Execute a script in a container of its own; return the JSON that it writes."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            folder = Path(name)
            job = msgspec.structs.replace(self.run.job, run_id=new_id())
            spec = write_inputs(self.run, job, folder)
            text = (HANDWRITTEN / script).read_text(encoding="utf-8")
            (spec.in_folder / script).write_text(text, encoding="utf-8")
            command = ("{python}", "{in}/" + script, *arguments)
            threads = ("--threads", str(self.options.threads), "--output", "{out}/times.json")
            ended = engine.execute(msgspec.structs.replace(spec, command=(*command, *threads)))
            output = spec.out_folder / "times.json"
            if ended.how != "exited" or not output.exists():
                log = spec.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise SystemExit(f"{script} ended: {ended.how} {ended.code}\n{log}")
            found: dict[str, Any] = json.loads(output.read_bytes())
            return found


def step_seconds(record: Record) -> list[float]:
    """Return the seconds of the steps of a run."""
    if record.result is None or not record.outcome.ok:
        raise SystemExit(f"dlbench's run ended: {record.outcome}")
    (steps,) = [phase for phase in record.result.phases if phase.name == "step"]
    return [float(seconds) for seconds in steps.values]


def make_plan(plan: Plan, options: Options) -> Plan:
    """Return the plan that does what the script does: warm-up, then steps that are each timed."""
    nothing = Trials(at_most=0, at_least=0)
    return msgspec.structs.replace(
        plan,
        warmup=Warmup(at_most=options.warmup, at_least=options.warmup),
        stepwise=Trials(at_most=options.steps, at_least=options.steps),
        pipelined=nothing,
        predict=nothing,
    )


def prepare(pair: Pair, options: Options, scratch: Path) -> Bench:
    """Find or build the image and settle both sides of one comparison."""
    workspace = open_workspace()
    engines = (workspace.engine("docker"), workspace.engine("docker"))
    axes = (f"threads={options.threads}", f"batch_size={options.batch_size}")
    request = Request(scenarios=("vgg16",), frameworks=(pair.framework,), axes=axes)
    (cell,) = expand(request, workspace.catalog(), workspace.scenarios)
    if not isinstance(cell, Cell):
        raise SystemExit(f"{pair.name}: {cell.reason}")
    preparation = Preparation(
        engine=engines[0],
        images_folder=workspace.images,
        cache=workspace.cache,
        settings=read_settings(wheels=()),
        on_progress=print,
    )
    built, errors = preparation.ensure_images([cell])
    if errors:
        raise errors[0]
    choices = Choices(
        campaign="adapters",
        change_plan=lambda plan: make_plan(plan, options),
        memory_bytes=int(usable_memory_bytes() * MEMORY_SHARE),
    )
    return Bench(
        pair=pair,
        run=prepare_run(cell, built[cell.image.id, cell.device], None, choices),
        engines=engines,
        scratch=scratch,
        options=options,
        training_flops=summarize(cell.scenario).training_flops * options.batch_size,
    )


def measure(bench: Bench) -> None:
    """Execute the pairs in turns and print the ratio and both shares of the peak."""
    name = bench.pair.name
    peaks = [bench.peak_flops()]
    ours: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    for number in range(bench.options.pairs):
        mine, yours = bench.times()
        ours.append(statistics.median(mine))
        theirs.append(statistics.median(yours))
        ratios.append(statistics.median(a / b for a, b in zip(mine, yours, strict=True)))
        print(f"{name} pair {number + 1}: ratio {ratios[-1]:.3f}")
        print(f"  dlbench {spell(mine)}")
        print(f"  script  {spell(yours)}")
    peaks.append(bench.peak_flops())
    report(bench, ratios, (statistics.median(ours), statistics.median(theirs)), max(peaks))


def spell(seconds: Sequence[float]) -> str:
    """Return the median of steps, and every one in the order they came."""
    steps = " ".join(f"{one:.3f}" for one in seconds)
    return f"{statistics.median(seconds):.3f} s a step: {steps}"


def report(bench: Bench, ratios: Sequence[float], medians: Sequence[float], peak: float) -> None:
    """Print what was found for one comparison."""
    ratio = estimate(ratios)
    floor = bench.training_flops / peak
    interval = "interval needs more pairs"
    if ratio.low is not None and ratio.high is not None:
        interval = f"95 % interval {ratio.low:.3f} to {ratio.high:.3f}"
    print(f"{bench.pair.name}: ratio {ratio.value:.3f}, {interval}, {len(ratios)} pairs")
    for who, median in zip(("dlbench", "script"), medians, strict=True):
        print(f"  {who:8} {median:.3f} s a step, {floor / median:.0%} of the peak")
    print(f"  peak {peak / 1e9:.0f} GFLOP/s, floor {floor:.3f} s a step")


def main() -> None:
    """Read the options and measure each comparison asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[pair.name for pair in PAIRS])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--warmup", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=16)
    given = parser.parse_args()
    options = Options(
        pairs=given.pairs,
        steps=given.steps,
        warmup=given.warmup,
        threads=given.threads,
        batch_size=given.batch_size,
    )
    with tempfile.TemporaryDirectory() as scratch:
        for pair in PAIRS:
            if pair.name in (given.only or DEFAULT):
                measure(prepare(pair, options, Path(scratch)))


if __name__ == "__main__":
    main()
