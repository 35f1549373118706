"""Series: samples of several quantities, bounded in length however long they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TypeAlias

from dlbench.record import Samples

#: A series of this many is thinned to half: some ten kilobytes of a record at most.  It is even.
SAMPLES_AT_MOST = 200

#: One sample: when, and the quantities that could be read.
Sample: TypeAlias = tuple[float, Mapping[str, float]]


class Series:
    """Samples in the order of their taking.

    When there are too many, neighbours are merged and later samples are kept as merged ones: of
    cumulative quantities the last value stays, of ``gauges`` the mean, of ``flags`` every bit that
    was set.
    """

    def __init__(
        self,
        interval_seconds: float,
        *,
        gauges: Iterable[str] = (),
        flags: Iterable[str] = (),
        at_most: int = SAMPLES_AT_MOST,
    ) -> None:
        self._interval_seconds = interval_seconds
        self._merges: dict[str, Callable[[Sequence[float]], float]] = {
            **dict.fromkeys(gauges, _mean),
            **dict.fromkeys(flags, _union),
        }
        self._at_most = at_most
        self._stride = 1
        self._kept: list[Sample] = []
        self._pending: list[Sample] = []

    def add(self, seconds: float, values: Mapping[str, float]) -> None:
        """Add one sample, taken ``seconds`` after the start."""
        self._pending.append((seconds, values))
        if len(self._pending) == self._stride:
            self._kept.append(self._merge(self._pending))
            self._pending = []
        if len(self._kept) == self._at_most:
            pairs = zip(self._kept[::2], self._kept[1::2], strict=True)
            self._kept = [self._merge(pair) for pair in pairs]
            self._stride *= 2

    def _merge(self, samples: Sequence[Sample]) -> Sample:
        if len(samples) == 1:
            return samples[0]
        columns: dict[str, list[float]] = {}
        for _, values in samples:
            for name, value in values.items():
                columns.setdefault(name, []).append(value)
        merged = {name: self._merges.get(name, _last)(them) for name, them in columns.items()}
        return samples[-1][0], merged

    def finish(self) -> Samples | None:
        """Return what was kept, as the record has it; None where nothing was sampled."""
        kept = [*self._kept, self._merge(self._pending)] if self._pending else self._kept
        if not kept:
            return None
        names = dict.fromkeys(name for _, values in kept for name in values)
        return Samples(
            interval_seconds=self._interval_seconds,
            stride=self._stride,
            seconds=[round(seconds, 3) for seconds, _ in kept],
            columns={name: [_shorten(values.get(name)) for _, values in kept] for name in names},
        )


def _shorten(value: float | None) -> float | None:
    """Return ``value`` to the millisecond or its like: finer than what the kernel counts in."""
    return value if value is None or isinstance(value, int) else round(value, 3)


def _last(values: Sequence[float]) -> float:
    return values[-1]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _union(values: Sequence[float]) -> float:
    return reduce(or_, (int(value) for value in values))
