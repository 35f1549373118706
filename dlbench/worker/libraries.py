"""Functions of the C libraries that this process has loaded, for what a framework does not say.

For adapters: OpenMP's and MKL's numbers of threads, for instance.
"""
from __future__ import absolute_import

import ctypes
import re


def call(library, function, *arguments):
    """Return what a C function of whole numbers returns; None where it is not there.

    Of the libraries that this process has loaded it is asked of the first whose file's name begins
    with ``library`` and which has it.
    """
    for path in loaded(library):
        found = getattr(ctypes.CDLL(path), function, None)
        if found is not None:
            return found(*[ctypes.c_int(one) for one in arguments])
    return None


def loaded(library):
    """Return the paths of the loaded libraries whose files' names begin with ``library``."""
    with open("/proc/self/maps") as maps:
        return sorted(set(re.findall(
            r"(/\S*/%s[^\s/]*)$" % re.escape(library), maps.read(), re.MULTILINE)))
