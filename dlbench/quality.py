"""Quality: what accuracy and loss runs reached, and whether they are those known from elsewhere.

The two are held against one another after exactly the epochs that the scenario's file states; a run
that trained fewer, or cut them short, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlbench.epochs import Epoch, read_epochs
from dlbench.job import Phase
from dlbench.scenario import Known
from dlbench.spelling import spell_seconds
from dlbench.stats import find_median
from dlbench.summary import RunSummary

MEASURES = ("accuracy", "loss")

#: The least and the greatest value that is as known.
Ends = tuple[float | None, float | None]


def describe_quality(runs: Sequence[RunSummary]) -> list[str]:
    """Say how what ``runs`` of one cell reached stands to what is known; nothing where it cannot.

    Of several runs it is their median that counts.
    """
    known = runs[-1].conditions.known if runs else None
    if known is None:
        return []
    words = []
    for measure, ends in list_known(known):
        found = [value for run in runs if (value := read_reached(run, known, measure)) is not None]
        if found:
            words.append(judge(measure, find_median(found), ends))
    return words


def describe_epochs(phases: Iterable[Phase]) -> list[tuple[str, str]]:
    """Return a line for each epoch: its seconds, those of training so far, accuracy and loss."""
    return [(f"epoch {epoch.epoch}", spell_epoch(epoch)) for epoch in read_epochs(phases)]


def spell_epoch(epoch: Epoch) -> str:
    """Return what was measured of an epoch."""
    parts = [
        spell_seconds(epoch.seconds),
        f"training so far {spell_seconds(epoch.training_seconds)}",
        f"accuracy {epoch.accuracy:.4f}",
        *([] if epoch.loss is None else [f"loss {epoch.loss:.4g}"]),
    ]
    return ", ".join(parts)


def describe_reached(run: RunSummary) -> list[tuple[str, str]]:
    """Return what one run reached, the best and the last, and how it stands to what is known."""
    curve, known = run.curve, run.conditions.known
    if not curve:
        return []
    best = max(range(len(curve)), key=lambda place: curve[place].accuracy)
    lines = [
        ("training in all", spell_seconds(curve[-1].training_seconds)),
        ("accuracy", f"{curve[-1].accuracy:.4f} after epoch {len(curve)}"),
        ("best accuracy", f"{curve[best].accuracy:.4f} after epoch {best + 1}"),
    ]
    if known is None:
        return lines
    found = ", ".join(f"{measure} {spell_ends(ends)}" for measure, ends in list_known(known))
    lines.append(("known", f"{found} after {known.epochs} epochs"))
    judged = "; ".join(describe_quality([run]))
    return [*lines, ("judged", judged or "no: it did not train as many whole epochs")]


def list_known(known: Known) -> list[tuple[str, Ends]]:
    """Return each measure of which something is known, with the ends of what is."""
    ends = [(measure, getattr(known, measure)) for measure in MEASURES]
    return [(measure, found) for measure, found in ends if found is not None]


def read_reached(run: RunSummary, known: Known, measure: str) -> float | None:
    """Return what ``run`` reached after the epochs of ``known``; None where it did not train so."""
    if run.conditions.steps_per_epoch is not None or len(run.curve) < known.epochs:
        return None
    value: float | None = getattr(run.curve[known.epochs - 1], measure)
    return value


def judge(measure: str, value: float, ends: Ends) -> str:
    """Say whether ``value`` is as known, or how it differs."""
    low, high = ends
    if low is not None and not value >= low:
        how = "below"
    elif high is not None and not value <= high:
        how = "above"
    else:
        return f"{measure} as known"
    return f"{measure} {how} what is known: {value:.4g}, known {spell_ends(ends)}"


def spell_ends(ends: Ends) -> str:
    """Return what is known of a measure in words."""
    low, high = ends
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
