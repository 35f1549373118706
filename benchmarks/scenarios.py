"""Prints how long reading and checking every shipped scenario takes, in milliseconds."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from dlbench.network import summarize
from dlbench.scenario import load, names

ROUNDS = 20


def main() -> None:
    """Read and check them all, again and again, and print the first and the median time."""
    folder = Path(__file__).resolve().parents[1] / "scenarios"
    paths = list(names([folder]).values())
    milliseconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for path in paths:
            summarize(load(path))
        milliseconds.append(1000 * (time.perf_counter() - begun))
    median = statistics.median(milliseconds)
    print(f"{len(paths)} scenarios: first {milliseconds[0]:.1f} ms, median {median:.1f} ms")


if __name__ == "__main__":
    main()
