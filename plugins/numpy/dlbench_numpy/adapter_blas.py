"""The BLAS under NumPy: which one is loaded, with which kernels and how many threads."""
from __future__ import absolute_import

import ctypes
import re


def versions():
    """Return the name and version of the BLAS as it describes itself."""
    found = _call("get_config", ctypes.c_char_p)
    return {"blas": found.decode("ascii", "replace").strip()} if found else {}


def settings():
    """Return name, kernels and threads of the loaded BLAS, as far as it can be asked."""
    facts = dict((name, version.split()[0]) for name, version in versions().items())
    core = _call("get_corename", ctypes.c_char_p)
    if core:
        facts["blas_kernels"] = core.decode("ascii", "replace")
    threads = _call("get_num_threads", ctypes.c_int)
    if threads is not None:
        facts["threads"] = threads
    return facts


def set_threads(count):
    """Use so many threads in matrix products, where the BLAS lets itself be told."""
    function = _function("set_num_threads")
    if function is not None:
        function.argtypes = [ctypes.c_int]
        function.restype = None
        function(count)


def _call(name, result):
    function = _function(name)
    if function is None:
        return None
    function.restype = result
    return function()


def _function(name):
    """Return an OpenBLAS function of the library that this process has loaded, or None."""
    for path in _libraries():
        library = ctypes.CDLL(path)
        for pattern in ("scipy_openblas_%s64_", "scipy_openblas_%s", "openblas_%s64_", "openblas_%s"):
            if hasattr(library, pattern % name):
                return getattr(library, pattern % name)
    return None


def _libraries():
    with open("/proc/self/maps") as maps:
        return sorted(set(re.findall(r"(/\S*openblas\S*)$", maps.read(), re.MULTILINE)))
