"""The OpenBLAS that this process runs on, asked by its own C functions."""
from __future__ import absolute_import, division, print_function

import ctypes


def find_blas():
    """Return the loaded OpenBLAS, or None where another library does the products."""
    with open("/proc/self/maps") as maps:
        paths = sorted(set(line.split()[-1] for line in maps if "blas" in line))
    for path in paths:
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_get_num_threads"):
            return library
    return None


def describe_blas():
    """Return the settings of the BLAS as they are active: library, kernels, threads."""
    library = find_blas()
    if library is None:
        return {"blas": "not OpenBLAS"}
    library.openblas_get_config.restype = library.openblas_get_corename.restype = ctypes.c_char_p
    return {
        "blas": " ".join(library.openblas_get_config().decode("ascii").split()[:2]),
        "blas_kernels": library.openblas_get_corename().decode("ascii"),
        "threads": library.openblas_get_num_threads(),
    }


def set_threads(count):
    """Let the BLAS use so many threads."""
    library = find_blas()
    if library is not None:
        library.openblas_set_num_threads(count)
