"""What was measured, raw, and progress told between steps."""
from __future__ import absolute_import

from . import jsonio

_PROGRESS_SECONDS = 1.0


class Phases(object):
    """Values by phase, in the order that the phases began."""

    def __init__(self, clock_name):
        self._clock_name = clock_name
        self._order = []
        self._values = {}

    def once(self, name, value, unit="s"):
        """Record the one value of a phase."""
        self._entry(name, "once", unit)["values"].append(value)

    def each(self, name, value, unit="s"):
        """Record the value of one more occurrence."""
        self._entry(name, "each", unit)["values"].append(value)

    def block(self, name, value, count, unit="s"):
        """Record one value for ``count`` occurrences together."""
        entry = self._entry(name, "block", unit)
        entry["values"].append(value)
        entry["count"] = count

    def values(self, name):
        """Return the values of a phase so far."""
        return self._values[name]["values"] if name in self._values else []

    def report(self):
        """Return the phases as the result has them."""
        return [self._values[name] for name in self._order]

    def _entry(self, name, kind, unit):
        if name not in self._values:
            clock = self._clock_name if unit == "s" else None
            entry = {"name": name, "kind": kind, "unit": unit, "clock": clock, "values": []}
            self._values[name] = entry
            self._order.append(name)
        return self._values[name]


class Events(object):
    """``events.jsonl``: one object a line, flushed."""

    def __init__(self, path, now):
        self._file = open(path, "ab")
        self._now = now
        self._start = now()
        self._last = self._start - _PROGRESS_SECONDS

    def emit(self, event, **facts):
        """Write one event."""
        self._last = self._now()
        line = dict(facts, event=event, seconds=self._last - self._start)
        self._file.write(jsonio.dump(line) + b"\n")
        self._file.flush()

    def progress(self, name, index, total, seconds):
        """Say that ``index`` of ``total`` took so long; at most once a second."""
        if self._now() - self._last >= _PROGRESS_SECONDS:
            self.emit("progress", name=name, index=index, total=total, value=seconds, unit="s")

    def close(self):
        """Close the file."""
        self._file.close()


def median(values):
    """Return the median, None without values."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2.0
