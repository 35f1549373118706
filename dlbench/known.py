"""The section ``known`` of a scenario file: the quality that runs should reach, from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.document import Field, Reader, anything, number, spell, whole


def _accuracy(value: Any) -> tuple[float, float | None]:
    """Check for shares ``[low, high]``, or one: the least that is as known."""
    low, high = _ends(value, "a share such as 0.98, or two of them: [0.982, 0.986]")
    if (low if high is None else high) > 1:
        raise ValueError("shares of at most 1")
    return low, high


def _loss(value: Any) -> tuple[float | None, float]:
    """Check for losses ``[low, high]``, or one: the greatest that is as known."""
    low, high = _ends(value, "a loss such as 0.6, or two of them: [0.5, 0.6]")
    return (None, low) if high is None else (low, high)


def _ends(value: Any, expected: str) -> tuple[float, float | None]:
    """Check for one number, or two of which the second is not the lesser."""
    try:
        found = [number(one) for one in (value if isinstance(value, list) else [value])]
    except ValueError:
        found = []
    if len(found) not in {1, 2} or found != sorted(found):
        raise ValueError(expected)
    return found[0], (found[1] if len(found) == 2 else None)


def _labels(value: Any) -> list[str]:
    """Return one value of a parameter, or several, as a user types them."""
    return [spell(one) for one in (value if isinstance(value, list) else [value])]


_KNOWN = {
    "accuracy": Field(_accuracy, None),
    "loss": Field(_loss, None),
    "epochs": Field(whole, None),
    "where": Field(anything, None),
}


def read_known(
    reader: Reader, raw: Any, epochs: int | None, parameters: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any] | None, dict[str, list[str]]]:
    """Read the quality that is known, and of which values of each of ``parameters`` it is.

    Where the file does not say, these are the defaults, after as many ``epochs`` as the full plan
    has.
    """
    if raw is None:
        return None, {}
    found = reader.fields(raw, _KNOWN, "known")
    where = _read_values(reader, found.pop("where"), parameters)
    found["epochs"] = found["epochs"] or epochs
    if not found["epochs"]:
        reader.problems.add("known: epochs", "has to be stated: the full plan has no epochs")
    if found["accuracy"] is None and found["loss"] is None:
        reader.problems.add("known", "expected `accuracy`, `loss` or both")
    return found, where


def _read_values(
    reader: Reader, raw: Any, parameters: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Read the values of each of ``parameters``; its default alone where ``raw`` has none."""
    fields = {one["name"]: Field(_labels, [one["default"]]) for one in parameters}
    where: dict[str, list[str]] = reader.fields(raw, fields, "known: where")
    for one in parameters:
        strange = [value for value in where[one["name"]] if value not in one["values"]]
        if one["values"] and strange:
            known = ", ".join(one["values"])
            reader.problems.add(
                f"known: where: {one['name']}", f"expected some of {known}, found {strange[0]!r}"
            )
    return where
