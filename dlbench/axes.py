"""Axes: how they are written on a command line, which ones there are, and their values.

An axis is written ``name=value`` or ``name=value,value`` (swept), or bare, which is ``name=on``.
Every framework has batch_size, threads, feed and loop; further ones come from the framework's
plugin and from the scenario's parameters, and a scenario's parameter goes before the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from dlbench.errors import UnknownNameError, UsageError, nearest
from dlbench.framework import Axis, Framework
from dlbench.scenario import Scenario

#: The value of ``threads`` that leaves the number to the framework.
DEFAULT = "default"

BUILT_IN = (
    Axis(name="batch_size", values=(), summary="items per step"),
    Axis(name="threads", values=(), summary=f"CPU threads; {DEFAULT}: the framework's own choice"),
    Axis(name="feed", values=("host", "device"), summary="batches prepared in the loop, or before"),
    Axis(
        name="loop", values=("step", "epoch"), summary="step by step, or the framework's own loop"
    ),
)

_FRAMEWORK = re.compile(r"(?P<name>[^=:\s]+)(?:==(?P<version>[^:\s]+))?(?::(?P<axes>.+))?")
_SPELLINGS = {"true": "on", "yes": "on", "false": "off", "no": "off"}


class FrameworkChoice(Struct, frozen=True, kw_only=True):
    """A framework as the command line names it: ``name[==version][:axis=value,...]``.

    ``version`` may be a version of the framework or an image's id.
    """

    name: str
    version: str | None = None
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_framework(text: str) -> FrameworkChoice:
    """Read ``tensorflow==1.0.0:xla=on,layout=NCHW``; raises UsageError."""
    match = _FRAMEWORK.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"--framework {text!r} cannot be read", "write NAME[==VERSION][:axis=value,...]"
        )
    return FrameworkChoice(
        name=match["name"],
        version=match["version"],
        axes=parse_axes([match["axes"]]) if match["axes"] else {},
    )


def parse_axes(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read axes; one given twice has the values of both.  Raises UsageError.

    After ``name=value,`` a word without ``=`` is a further value of that axis.
    """
    axes: dict[str, list[str]] = {}
    for text in texts:
        name = ""
        for word in text.split(","):
            key, equals, value = (part.strip() for part in word.partition("="))
            if equals or not name:
                name, value = key.replace("-", "_"), value if equals else "on"
            else:
                value = key
            if not name or not value:
                raise UsageError(f"axis {text!r} cannot be read", "write NAME=VALUE[,VALUE]")
            values = axes.setdefault(name, [])
            values += [value] if value not in values else []
    return {name: tuple(values) for name, values in axes.items()}


def known_axes(framework: Framework, scenario: Scenario) -> dict[str, Axis]:
    """Return every axis that ``framework`` has on ``scenario``, by name."""
    axes = {axis.name: axis for axis in (*BUILT_IN, *framework.supports.axes)}
    for parameter in scenario.parameters:
        axes[parameter.name] = Axis(
            name=parameter.name, values=tuple(parameter.values), summary=parameter.summary
        )
    return axes


def spell_value(axis: Axis, value: str, scenario: Scenario) -> str | None:
    """Return ``value`` as ``axis`` spells it, or None where it is none of its values."""
    if axis.values:
        folded = _SPELLINGS.get(value.casefold(), value).casefold()
        return next((known for known in axis.values if known.casefold() == folded), None)
    if any(parameter.name == axis.name for parameter in scenario.parameters):
        return value
    if axis.name == "threads" and value == DEFAULT:
        return value
    return str(int(value)) if value.isascii() and value.isdigit() and int(value) > 0 else None


def default_value(axis: Axis, scenario: Scenario, cpu_count: int) -> str:
    """Return what an axis is where nobody said."""
    defaults = {
        "batch_size": str(scenario.batch_size),
        "threads": str(cpu_count),
        "feed": "device" if scenario.data.dataset == "synthetic" else "host",
    }
    defaults |= {parameter.name: parameter.default for parameter in scenario.parameters}
    if axis.name in defaults:
        return defaults[axis.name]
    return axis.values[0] if axis.values else DEFAULT


def check_axes(
    asked: Mapping[str, tuple[str, ...]], known: Sequence[tuple[Axis, Scenario]], where: str
) -> None:
    """Raise UnknownNameError for an axis or a value that nothing in ``known`` has."""
    for name, values in asked.items():
        named = [(axis, scenario) for axis, scenario in known if axis.name == name]
        if not named:
            fix = nearest(name, {axis.name for axis, _ in known})
            raise UnknownNameError(f"{where}unknown axis {name!r}", fix)
        for value in values:
            if all(spell_value(axis, value, scenario) is None for axis, scenario in named):
                words = {word for axis, _ in named for word in axis.values}
                fix = nearest(value, words) if words else "a whole number of at least 1"
                raise UnknownNameError(f"{where}axis {name} has no value {value!r}", fix)
