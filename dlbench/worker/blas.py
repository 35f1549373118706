"""The BLAS under a framework: which one is loaded, with which kernels and how many threads.

For adapters of frameworks that run on OpenBLAS, and so can ask it: its functions are called in the
library that this process has loaded.
"""
from __future__ import absolute_import

import ctypes
import os
import re
import subprocess
import sys

#: Features of a processor, and the best kernels of OpenBLAS for one that has them.
KERNELS = (("avx512f", "SkylakeX"), ("avx2", "Haswell"), ("avx", "Sandybridge"))

#: How OpenBLAS' functions are called, by build.
_PATTERNS = ("scipy_openblas_%s64_", "scipy_openblas_%s", "openblas_%s64_", "openblas_%s")

#: Loads a library alone: an OpenBLAS in it that has threads of its own starts them then.
_LOAD = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1]); print(len(os.listdir('/proc/self/task')))"


def choose_kernels(choice=KERNELS):
    """Have OpenBLAS, before it is loaded, use the kernels for this processor's features.

    An OpenBLAS that is older than the processor does not know it by its model, and takes the slowest
    ones that there are.  A choice that was made already, in OPENBLAS_CORETYPE, stays.  ``choice`` is
    ``KERNELS``, or those of them that this OpenBLAS has.
    """
    with open("/proc/cpuinfo") as facts:
        features = set(re.findall(r"\w+", facts.read()))
    for feature, kernels in choice:
        if feature in features:
            os.environ.setdefault("OPENBLAS_CORETYPE", kernels)
            return


def versions(where=""):
    """Return the name and version of the BLAS as it describes itself.

    Of several that are loaded it is the one whose path has ``where`` in it.
    """
    found = _call("get_config", ctypes.c_char_p, where)
    if not found:
        return {}
    # An old one begins with how it was built.
    text = found.decode("ascii", "replace").strip()
    return {"blas": text if text.startswith("OpenBLAS") else "OpenBLAS " + text}


def settings(where=""):
    """Return name, kernels and threads of the loaded BLAS, as far as it can be asked."""
    facts = dict((name, version.split()[0]) for name, version in versions(where).items())
    core = _call("get_corename", ctypes.c_char_p, where)
    if core:
        facts["blas_kernels"] = core.decode("ascii", "replace")
    threads = _call("get_num_threads", ctypes.c_int, where)
    if threads is not None:
        facts["threads"] = threads
    return facts


def set_threads(count, where=""):
    """Use so many threads in matrix products, where the BLAS lets itself be told."""
    function = _function("set_num_threads", where)
    if function is not None:
        function.argtypes = [ctypes.c_int]
        function.restype = None
        function(count)


def inside(path):
    """Return settings of the OpenBLAS that is a part of the library at ``path`` and hides in it.

    Which kernels it takes, where it has a choice, it says when it is loaded, and its own threads are
    counted: both in a fresh process.  Without a choice it is found by its name in the library's text;
    without threads of its own it uses OpenMP's.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _LOAD, path], env=dict(os.environ, OPENBLAS_VERBOSE="2"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.communicate()[0].decode("ascii", "replace")
    kernels = re.search(r"Core: (\w+)", said)
    with open(path, "rb") as stream:
        if not (kernels or b"OpenBLAS" in stream.read()):
            return {}
    facts = {"blas": "OpenBLAS"}
    if kernels:
        facts["blas_kernels"] = kernels.group(1)
    tasks = re.search(r"^\d+$", said, re.MULTILINE)
    if tasks and int(tasks.group()) > 1:
        facts["blas_threads"] = int(tasks.group())
    return facts


def _call(name, result, where):
    function = _function(name, where)
    if function is None:
        return None
    function.restype = result
    return function()


def _function(name, where):
    """Return an OpenBLAS function of the library that this process has loaded, or None."""
    for path in _libraries(where):
        library = ctypes.CDLL(path)
        for pattern in _PATTERNS:
            if hasattr(library, pattern % name):
                return getattr(library, pattern % name)
    return None


def _libraries(where):
    with open("/proc/self/maps") as maps:
        found = sorted(set(re.findall(r"(/\S*openblas\S*)$", maps.read(), re.MULTILINE)))
    return [path for path in found if where in path]
