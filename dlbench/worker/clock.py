"""The one clock of a run: monotonic, named, and with its resolution as measured."""
from __future__ import absolute_import

import time


class Clock(object):
    """``now()`` returns seconds since an arbitrary start; it never goes back."""

    def __init__(self):
        self.name = "perf_counter"
        self.now = getattr(time, "perf_counter", None)
        if self.now is None:
            self.name = "clock_gettime(CLOCK_MONOTONIC)"
            self.now = _monotonic_through_ctypes()

    def describe(self):
        """Return the clock's name, its resolution and the seconds that one reading costs."""
        readings = [self.now() for _ in range(5000)]
        steps = [after - before for before, after in zip(readings, readings[1:])]
        return {
            "name": self.name,
            "resolution_seconds": min([step for step in steps if step > 0] or [0.0]),
            "reading_seconds": (readings[-1] - readings[0]) / len(steps),
        }


def _monotonic_through_ctypes():
    """Return a reader of CLOCK_MONOTONIC for Python 2.7, which has no monotonic clock."""
    import ctypes

    class Timespec(ctypes.Structure):
        _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

    try:
        clock_gettime = ctypes.CDLL(None).clock_gettime
    except AttributeError:  # before glibc 2.17 it was in a library of its own
        clock_gettime = ctypes.CDLL("librt.so.1").clock_gettime
    clock_gettime.argtypes = [ctypes.c_int, ctypes.POINTER(Timespec)]
    spec = Timespec()
    pointer = ctypes.pointer(spec)
    monotonic = 1

    def now():
        if clock_gettime(monotonic, pointer) != 0:
            raise OSError("clock_gettime failed")
        return spec.seconds + spec.nanoseconds * 1e-9

    return now
