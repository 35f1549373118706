"""What sampling the machine costs while a run goes on.

    python benchmarks/overhead_sampler.py [--seconds 60]

Watches matrix products that keep every processor busy and its caches full, as a run does: the
sampler finds nothing of its own in them when it wakes up.  Prints the processor time of a sample,
and its share of one processor.  Target: far below 0.1 %.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from dlbench.disturbances import find_disturbances
from dlbench.engine import EngineFacts, Exit
from dlbench.host import describe
from dlbench.process_tree import read_tree_seconds
from dlbench.watch import Watch

PRODUCTS = """
import numpy
left = numpy.random.default_rng(1).random((2048, 2048), numpy.float32)
while True:
    left @ left
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with subprocess.Popen([sys.executable, "-c", PRODUCTS]) as products:
        with Watch(lambda: read_tree_seconds(products.pid)) as watch:
            time.sleep(seconds)
        products.kill()
    environment = describe(watch, Exit(how="exited"), EngineFacts(name="none"))
    samples = environment.samples
    if samples is None:
        sys.exit("too short for a single sample")
    cost = environment.during["sampler_cpu_seconds"]
    count = len(samples.seconds) * samples.stride
    share = cost / environment.during["watched_seconds"]
    print(f"a sample   {cost / count * 1e3:.3f} ms of processor time (mean of {count})")
    print(f"share      {share:.4%} of one processor    (target: far below 0.1 %)")
    for disturbance in find_disturbances(environment, environment.cpu_count):
        print(f"disturbed  {disturbance.describe()}")


if __name__ == "__main__":
    main()
