"""Agreement: whether runs that repeat a record's cell say what the record says.

Both sides are judged as two cells are (``judgement``): they agree where they are shown to be the
same within the band, and differ where one is shown to be faster.  A record often stands alone or
with few runs beside it, which no such verdict can rest on.  Then the question is whether it lies
where one more run of the other side would (Student's prediction interval): the noise of a run is
taken to be the same on both sides, as it is for one cell on one machine.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from dlbench.differences import find_unequal
from dlbench.judgement import (
    FALSE_DIFFERENCES,
    ROUNDS_AT_LEAST,
    Band,
    Comparison,
    compare_samples,
    find_edge,
)
from dlbench.layout import Line, lay_out
from dlbench.metrics import Metric
from dlbench.rows import Row
from dlbench.standings import Standing, read_samples, spell_ratio
from dlbench.stats import (
    BAND,
    CONFIDENCE,
    Estimate,
    Location,
    bracket,
    divide_medians,
    estimate,
    find_quantile,
    raise_e,
    take_logs,
)
from dlbench.tables import Column, Table

#: ``undecided``: there is too little to say, or noise is too large.
Verdict: TypeAlias = Literal["agrees", "differs", "undecided"]

RECORD, AGAIN = "record", "again"

#: Where noise hides a difference larger than this, and than the band, runs that seem alike agree in
#: nothing.
HIDDEN_AT_MOST = 0.1


class Agreement(Struct, frozen=True, kw_only=True):
    """How the runs of today stand to those of the record."""

    metric: Metric
    record: Row
    again: Row
    #: Today's time by the record's.
    ratio: Estimate
    verdict: Verdict
    #: What the verdict rests on, in words.
    reason: str
    #: Settings that decide how fast anything is, and are not the same.
    unequal: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The verdict with its reason, in one line."""
        words = f"{self.verdict}: {AGAIN} / {RECORD} {spell_ratio(self.ratio)}, {self.reason}"
        unequal = f"; unequal: {', '.join(self.unequal)}" if self.unequal else ""
        return words + unequal


class Repetition(Standing):
    """A record's row and the one that repeats it, as a campaign shows them after each round."""

    def describe(self) -> str:
        """Say in one line how the two stand."""
        return "; ".join(
            f"{AGAIN} / {RECORD} {spell_ratio(one.ratio)}: {one.verdict}"
            for one in self.comparisons
        )


def stand_beside(record: Row, again: Row, metric: Metric, band: Band = BAND) -> Repetition:
    """Return what a campaign asks after each round: whether more of them bring a verdict.

    They do not where the record's own rounds are too few for one.
    """
    ours, theirs = read_times(again, metric), read_times(record, metric)
    pairs = {}
    if len(theirs) >= ROUNDS_AT_LEAST:
        pairs[0, 1] = compare_samples(ours, theirs, band=band)
    return Repetition((again, record), pairs)


def judge_again(record: Row, again: Row, metric: Metric, band: Band = BAND) -> Agreement:
    """Hold the runs of ``again`` against those of ``record`` by a metric of speed.

    Both rows have a figure.
    """
    ours, theirs = read_times(again, metric), read_times(record, metric)
    comparison = compare_samples(ours, theirs, band=band)
    ratio, verdict, reason = comparison.ratio, *spell_comparison(comparison, band)
    if comparison.verdict == "not enough data":
        ratio, verdict, reason = predict(list(ours.values()), list(theirs.values()), band)
    return Agreement(
        metric=metric,
        record=record,
        again=again,
        ratio=ratio,
        verdict=verdict,
        reason=reason,
        unequal=tuple(find_unequal(again, record)),
    )


def read_times(row: Row, metric: Metric) -> Mapping[str, float]:
    """Return the metric of every good run of ``row`` as a time: less is better."""
    return read_samples(row, metric, as_times=True)


def spell_comparison(comparison: Comparison, band: Band) -> tuple[Verdict, str]:
    """Return what a verdict between two cells says of agreement."""
    if comparison.verdict == "same":
        within = "noise" if band == "noise" else f"{100 * band:.3g} %"
        return "agrees", f"the same within {within}"
    return "differs", f"it is {comparison.verdict}"


def predict(
    ours: Sequence[float], theirs: Sequence[float], band: Band
) -> tuple[Estimate, Verdict, str]:
    """Return the ratio, and whether either side lies where runs of the other would.

    The two sides have one noise, estimated from both (the two-sample test by Student 1908); with
    one run on a side that is the prediction interval for it.  Where a side has too few rounds for a
    verdict the number of rounds was fixed before, so this is the only look at the data, and may say
    ``differs`` as often as all looks together.
    """
    runs = min(len(ours), len(theirs))
    plain = Estimate(value=divide_medians(ours, theirs), low=None, high=None, runs=runs)
    logs, others = take_logs(ours), take_logs(theirs)
    if logs is None or others is None:
        return plain, "undecided", "not every run has a time"
    if len(logs) + len(others) < 3:
        return plain, "undecided", "there is one run on either side, and so no noise is known"
    location = pool_location(logs, others)
    ratio = bracket(plain.value, location, runs)
    edge = find_edge(location.error / math.sqrt(1 / len(ours) + 1 / len(theirs)), band)
    half, proof = (
        edge + find_quantile(location.freedom, beyond / 2) * location.error
        for beyond in (1 - CONFIDENCE, FALSE_DIFFERENCES)
    )
    if abs(location.centre) > proof and runs < ROUNDS_AT_LEAST:
        return ratio, "differs", "it is slower" if location.centre > 0 else "it is faster"
    if abs(location.centre) > half:
        return ratio, "undecided", "it is not where its runs vary, but more runs have to show it"
    tolerated = HIDDEN_AT_MOST if band == "noise" else max(HIDDEN_AT_MOST, band)
    if math.expm1(half - edge) > tolerated:
        return ratio, "undecided", f"its runs vary so much that {spell_hidden(half)} are hidden"
    return ratio, "agrees", f"within what its runs vary: {spell_hidden(half)} are hidden"


def spell_hidden(reach: float) -> str:
    """Return which differences do not show, given the logarithm of the largest of them."""
    return f"differences up to {100 * (raise_e(reach) - 1):.3g} %"


def pool_location(logs: Sequence[float], others: Sequence[float]) -> Location:
    """Return by how much the mean of ``logs`` exceeds that of ``others``, noise being one."""
    freedom = len(logs) + len(others) - 2
    squares = sum(
        (value - statistics.fmean(side)) ** 2 for side in (logs, others) for value in side
    )
    deviation = math.sqrt(squares / freedom)
    return Location(
        centre=statistics.fmean(logs) - statistics.fmean(others),
        error=deviation * math.sqrt(1 / len(logs) + 1 / len(others)),
        freedom=freedom,
    )


def tabulate_agreement(agreement: Agreement, remarks: Sequence[str] = ()) -> Table:
    """Return the table of both rows, with ``remarks`` and the verdict as its last notes."""
    record, again = (
        estimate(list(read_samples(row, agreement.metric).values()))
        for row in (agreement.record, agreement.again)
    )
    lines = [
        Line(row=agreement.record, figure=record, against=RECORD, verdict="baseline"),
        Line(
            row=agreement.again,
            figure=again,
            against=RECORD,
            ratio=agreement.ratio,
            verdict=agreement.verdict,
        ),
    ]
    table = lay_out(lines, agreement.metric, [*remarks, agreement.summary])
    return Table(
        title=table.title,
        columns=(Column(name="side", title="side"), *table.columns),
        rows=tuple((name, *row) for name, row in zip((RECORD, AGAIN), table.rows, strict=True)),
        caption=table.caption,
        notes=table.notes,
    )
