"""The matrix-product peak of this machine as one framework reaches it.

    python peak.py torch --threads 2 [--precision bfloat16]

Prints JSON: GFLOP/s of every repetition of one square product, of which the largest is the peak.
Python 2.7 to 3.
"""
from __future__ import division

import argparse
import json
import os
import sys
import time

now = getattr(time, "perf_counter", time.time)


def torch_product(size, threads, precision):
    import torch

    if threads:
        torch.set_num_threads(threads)
    form = getattr(torch, precision)
    left, right = torch.rand(size, size).to(form), torch.rand(size, size).to(form)
    return lambda: torch.mm(left, right)[0, 0].item()


def tensorflow_product(size, threads, precision):
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    left, right = (tf.cast(tf.random.uniform((size, size)), precision) for _ in range(2))
    return lambda: float(tf.matmul(left, right)[0, 0])


def numpy_product(size, threads, precision):
    import numpy as np

    left, right = (np.random.random_sample((size, size)).astype(precision) for _ in range(2))
    return lambda: float(np.dot(left, right)[0, 0])


def choose_kernels():
    features = open("/proc/cpuinfo").read()
    kernels = "SkylakeX" if "avx512f" in features else "Haswell"
    os.environ.setdefault("OPENBLAS_CORETYPE", kernels)


def theano_product(size, threads, precision):
    choose_kernels()
    if threads:
        os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    import numpy as np
    import theano

    left, right = (
        theano.shared(np.random.random_sample((size, size)).astype(precision)) for _ in range(2))
    return theano.function([], theano.tensor.dot(left, right))


def cntk_product(size, threads, precision):
    import cntk as C
    import numpy as np

    if threads:
        C.cntk_py.set_max_num_cputhreads(threads)
    left, right = (C.input_variable((size, size), dynamic_axes=[]) for _ in range(2))
    # The sum, so that no more than a number is copied out.
    product = C.reduce_sum(C.times(left, right))
    values = dict((one, C.NDArrayView.from_dense(np.random.random_sample((size, size)).astype(
        precision))) for one in (left, right))
    return lambda: product.eval(values)


def mxnet_product(size, threads, precision):
    import mxnet as mx
    import numpy as np

    left, right = (
        mx.nd.array(np.random.random_sample((size, size)), dtype=precision) for _ in range(2))
    return lambda: mx.nd.dot(left, right).wait_to_read()


def keras_product(size, threads, precision):
    choose_kernels()
    import numpy as np
    from keras import backend as K

    left, right = (
        K.variable(np.random.random_sample((size, size)), dtype=precision) for _ in range(2))
    # The sum, so that no more than a number is copied out.
    product = K.function([], [K.sum(K.dot(left, right))])
    return lambda: float(product([])[0])


def deeplearning4j_product(size, threads, precision):
    choose_kernels()
    if threads:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    import jpype

    jpype.startJVM(classpath=["/opt/jars/*"])
    arrays = jpype.JClass("org.nd4j.linalg.factory.Nd4j")
    shape = jpype.JInt[:]([size, size])
    left, right, product = (arrays.rand(shape).castTo(arrays.dataType()) for _ in range(3))
    return lambda: left.mmuli(right, product).getDouble(jpype.JLong(0))


MAKERS = {
    "torch": torch_product, "torch7": torch_product, "tensorflow": tensorflow_product,
    "numpy": numpy_product, "theano": theano_product, "caffe": numpy_product,
    "cntk": cntk_product, "mxnet": mxnet_product, "keras": keras_product,
    "deeplearning4j": deeplearning4j_product}


def report(result, path):
    with open(path, "w") if path else sys.stdout as output:
        output.write(json.dumps(result) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=sorted(MAKERS))
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--threads", type=int, help="NumPy: set OPENBLAS_NUM_THREADS instead")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--output", default="", help="a file in place of stdout")
    options = parser.parse_args()
    product = MAKERS[options.framework](options.size, options.threads, options.precision)
    product()
    rates = []
    for _ in range(options.repetitions):
        start = now()
        product()
        rates.append(2 * options.size ** 3 / (now() - start) / 1e9)
    report({"framework": options.framework, "size": options.size,
            "precision": options.precision, "gflops": rates, "peak_gflops": max(rates)}, options.output)


if __name__ == "__main__":
    main()
