"""What dlbench adds to a framework's own work: each adapter against a hand-written script.

    python benchmarks/adapters.py [steps] --pairs 5 --steps 6 [--only torch-NHWC]
    python benchmarks/adapters.py epochs --pairs 5 --epochs 3 [--only mnist-mlp-torch]

Both do the same work in the same image under the same limits: two fresh containers a pair, which do
their steps, or their epochs, in turns.  Steps are those of VGG16 (batch 16, float32, plain gradient
descent); epochs are those of the scenarios, feeding of data included, cut to some seconds.  Printed
are the ratio (1 is no difference, above 1 dlbench is slower; the median over the turns of a pair,
then over pairs) with its interval over pairs, and for steps the share that each side reaches of the
matrix-product peak, measured in the same image.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from adapter_bench import Bench, Side, prepare
from adapter_turns import KEEP_MEMORY
from adapter_work import Amount, list_works

from dlbench.stats import estimate

DEFAULT_STEPS = ("tensorflow-NHWC", "torch-NHWC", "torch-NCHW")


def measure(bench: Bench, pairs: int) -> None:
    """Execute the pairs and print the ratio; for steps, both shares of the peak, too."""
    of_steps = bench.work.phase == "step"
    peaks = [bench.peak_flops()] if of_steps else []
    ratios: list[float] = []
    medians: list[tuple[float, float]] = []
    for number in range(pairs):
        ours, theirs = bench.play()
        turns = zip(ours.seconds, theirs.seconds, strict=True)
        ratios.append(statistics.median(mine / yours for mine, yours in turns))
        medians.append((statistics.median(ours.seconds), statistics.median(theirs.seconds)))
        print(f"{bench.work.name} pair {number + 1}: ratio {ratios[-1]:.3f}")
        print(f"  dlbench {spell(ours, bench.work.phase)}")
        print(f"  script  {spell(theirs, bench.work.phase)}", flush=True)
    mine, yours = (statistics.median(side) for side in zip(*medians, strict=True))
    report(bench, ratios, (mine, yours))
    if of_steps:
        report_shares(bench, max([*peaks, bench.peak_flops()]), (mine, yours))


def spell(side: Side, phase: str) -> str:
    """Return the median of what one side did, and every one in the order they came."""
    each = " ".join(f"{one:.3f}" for one in side.seconds)
    accuracy = "" if side.accuracy is None else f"; accuracy {side.accuracy:.4f}"
    return f"{statistics.median(side.seconds):.3f} s a {phase}: {each}{accuracy}"


def report(bench: Bench, ratios: Sequence[float], medians: Sequence[float]) -> None:
    """Print the ratio of one comparison, and the median of each side."""
    ratio = estimate(ratios)
    interval = "interval needs more pairs"
    if ratio.low is not None and ratio.high is not None:
        interval = f"95 % interval {ratio.low:.3f} to {ratio.high:.3f}"
    print(f"{bench.work.name}: ratio {ratio.value:.3f}, {interval}, {len(ratios)} pairs")
    for who, median in zip(("dlbench", "script"), medians, strict=True):
        print(f"  {who:8} {median:.3f} s a {bench.work.phase}", flush=True)


def report_shares(bench: Bench, peak: float, medians: Sequence[float]) -> None:
    """Print the share of the peak that each side's steps reach."""
    floor = bench.training_flops / peak
    shares = " and ".join(f"{floor / median:.0%}" for median in medians)
    print(f"  {shares} of the peak of {peak / 1e9:.0f} GFLOP/s, floor {floor:.3f} s a step")


def read_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", nargs="?", choices=("steps", "epochs"), default="steps")
    parser.add_argument("--only", action="append", help="a comparison's name; can be repeated")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6, help="of each side in a pair")
    parser.add_argument("--epochs", type=int, default=3, help="of each side in a pair, after one")
    parser.add_argument("--warmup", type=int, default=4, help="steps before these")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--memory", choices=("kept", "stock"), default="kept", help="see KEEP_MEMORY"
    )
    parser.add_argument("--batch-size", type=int, default=16, help="of steps")
    parser.add_argument("--steps-per-epoch", type=int, default=0, help="epochs: cut to so many")
    return parser.parse_args()


def main() -> None:
    """Measure each comparison asked for."""
    given = read_arguments()
    amount = Amount(
        count=given.steps if given.kind == "steps" else given.epochs,
        warmup=given.warmup,
        batch_size=given.batch_size,
        steps_per_epoch=given.steps_per_epoch,
    )
    works = list_works(given.kind, amount, given.threads)
    default = DEFAULT_STEPS if given.kind == "steps" else tuple(works)
    unknown = [name for name in given.only or () if name not in works]
    if unknown:
        raise SystemExit(f"no comparison {unknown[0]!r}; there are {', '.join(works)}")
    environment = KEEP_MEMORY if given.memory == "kept" else {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.only or default:
            bench = prepare(works[name], given.threads, environment, Path(scratch))
            measure(bench, given.pairs)


if __name__ == "__main__":
    main()
