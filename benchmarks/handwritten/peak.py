"""The matrix-product peak of this machine as one framework reaches it, in float32.

    python peak.py torch --threads 2

Prints JSON: GFLOP/s of every repetition of one square product, of which the largest is the peak.
"""
import argparse
import json
import sys
import time
from contextlib import nullcontext


def torch_product(size, threads):
    import torch

    if threads:
        torch.set_num_threads(threads)
    left, right = torch.rand(size, size), torch.rand(size, size)
    return lambda: torch.mm(left, right)[0, 0].item()


def tensorflow_product(size, threads):
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    left, right = tf.random.uniform((size, size)), tf.random.uniform((size, size))
    return lambda: float(tf.matmul(left, right)[0, 0])


def report(result, path):
    with open(path, "w") if path else nullcontext(sys.stdout) as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=("torch", "tensorflow"))
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    make = {"torch": torch_product, "tensorflow": tensorflow_product}[options.framework]
    product = make(options.size, options.threads)
    product()
    rates = []
    for _ in range(options.repetitions):
        start = time.perf_counter()
        product()
        rates.append(2 * options.size ** 3 / (time.perf_counter() - start) / 1e9)
    report({"framework": options.framework, "size": options.size,
               "gflops": rates, "peak_gflops": max(rates)}, options.output)


if __name__ == "__main__":
    main()
