"""The memory bandwidth of this machine as NumPy reaches it, with every thread on its own part.

    python bandwidth.py --threads 2

Prints JSON: GB/s of every repetition of a copy (each byte read and written counts, as in STREAM)
and of reading alone (a dot product of a vector with itself); the largest is the bandwidth.
"""
import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np


def measure(pool, work, parts, total_bytes, repetitions):
    rates = []
    for _ in range(repetitions):
        start = time.perf_counter()
        list(pool.map(work, parts))
        rates.append(total_bytes / (time.perf_counter() - start) / 1e9)
    return rates


def report(result, path):
    with open(path, "w") if path else nullcontext(sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    count = options.megabytes * 2 ** 20 // 4 // options.threads
    sources = [np.ones(count, np.float32) for _ in range(options.threads)]
    targets = [np.zeros(count, np.float32) for _ in range(options.threads)]
    total_bytes = 4 * count * options.threads
    with ThreadPoolExecutor(options.threads) as pool:
        copies = measure(pool, lambda pair: np.copyto(*pair), list(zip(targets, sources)),
                         2 * total_bytes, options.repetitions)
        reads = measure(pool, lambda part: np.dot(part, part), sources,
                        total_bytes, options.repetitions)
    report({"copy_gbytes": copies, "read_gbytes": reads, "copy": max(copies),
            "read": max(reads)}, options.output)


if __name__ == "__main__":
    main()
