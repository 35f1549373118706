"""What MXNet's library says of itself: its BLAS, which is linked in, and its threads."""
from __future__ import absolute_import, division, print_function

import ctypes
import os
import re
import subprocess
import sys

#: Loads the library alone: a BLAS with threads of its own starts them then, MXNet starts none.
_LOAD = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1]); print(len(os.listdir('/proc/self/task')))"


def describe(library):
    """Return BLAS, its kernels and its threads, as found in a process of its own.

    MXNet hides the functions of its OpenBLAS, which does say which kernels it takes, where it has a
    choice, when it is loaded.
    """
    path = library._name
    process = subprocess.Popen(
        [sys.executable, "-c", _LOAD, path], env=dict(os.environ, OPENBLAS_VERBOSE="2"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.communicate()[0].decode("ascii", "replace")
    found = {}
    with open(path, "rb") as stream:
        if b"OpenBLAS" in stream.read():
            found["blas"] = "OpenBLAS"
    kernels = re.search(r"Core: (\w+)", said)
    if kernels:
        found["blas_kernels"] = kernels.group(1)
    tasks = re.search(r"^\d+$", said, re.MULTILINE)
    if tasks:
        found["blas_own_threads"] = int(tasks.group()) - 1
    return found


def threads(library):
    """Return the threads of OpenMP, which the library is linked to."""
    library.omp_get_max_threads.restype = ctypes.c_int
    return library.omp_get_max_threads()
