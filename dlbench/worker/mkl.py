"""The MKL under a framework: its version, its kernels and its threads, as it says itself."""
from __future__ import absolute_import

import ctypes
import re


class _Version(ctypes.Structure):
    """What MKL_Get_Version fills in."""

    _fields_ = [
        ("major", ctypes.c_int), ("minor", ctypes.c_int), ("update", ctypes.c_int),
        ("status", ctypes.c_char_p), ("build", ctypes.c_char_p),
        ("processor", ctypes.c_char_p), ("platform", ctypes.c_char_p)]


def settings():
    """Return name, kernels and threads of the MKL that this process has loaded; empty: none."""
    with open("/proc/self/maps") as maps:
        found = re.findall(r"(/\S*libmkl(?:ml|_rt)\S*)$", maps.read(), re.MULTILINE)
    if not found:
        return {}
    library = ctypes.CDLL(found[0])
    version = _Version()
    library.MKL_Get_Version(ctypes.byref(version))
    return {
        "threads": library.MKL_Get_Max_Threads(),
        "blas": "MKL %d.%d.%d" % (version.major, version.minor, version.update),
        "blas_kernels": version.processor.decode("ascii", "replace"),
    }
