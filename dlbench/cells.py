"""Cells: from what a command line asks for to what is executed, and what is refused and why.

Everything is settled here, before anything starts: the image of each cell, its variant with every
default spelled out, and whether its framework can do it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from dlbench.axes import (
    FrameworkChoice,
    check_axes,
    default_value,
    known_axes,
    parse_axes,
    parse_framework,
    spell_value,
)
from dlbench.catalog import Catalog, Entry
from dlbench.errors import UnknownNameError, UsageError, nearest
from dlbench.framework import Axis, Framework, Image
from dlbench.network import summarize
from dlbench.scenario import Scenario, load, locate
from dlbench.support import matching_images, newest_first, refusal, serves

_DEVICES = ("cpu", "cuda")


def count_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Request(Struct, frozen=True, kw_only=True):
    """What was asked for, as it was typed.

    ``frameworks`` are written ``name[==version][:axis=value,...]``; their axes are theirs alone.
    ``axes`` are written ``name=value,value`` and reach every framework that has them.
    """

    scenarios: tuple[str, ...]
    frameworks: tuple[str, ...]
    stack: str | None = None
    device: str = "cpu"
    axes: tuple[str, ...] = ()
    quick: bool = False
    cpu_count: int = field(default_factory=count_cpus)


class Cell(Struct, frozen=True, kw_only=True):
    """Scenario x image x variant: what one place in a table measures."""

    scenario: Scenario
    scenario_path: Path
    entry: Entry
    image: Image
    #: Why this image, in words.
    image_choice: str
    device: str
    #: Every axis with its value, defaults spelled out.
    variant: Mapping[str, str]
    #: Axes asked for that the framework does not have on this scenario.
    not_applicable: tuple[str, ...] = ()
    quick: bool = False


class RefusedCell(Struct, frozen=True, kw_only=True):
    """A cell that cannot run, and why."""

    cell: Cell
    reason: str


def expand(request: Request, catalog: Catalog, folders: Iterable[Path]) -> list[Cell | RefusedCell]:
    """Return every cell that ``request`` asks for, each once, in the order asked for.

    ``folders`` hold the scenarios.  Raises UnknownNameError, UsageError, PluginError for names
    that mean nothing, ScenarioError for a scenario file that is wrong.
    """
    if not request.scenarios:
        raise UsageError("no scenario is named", "dlbench list scenarios shows them")
    if not request.frameworks:
        known = ", ".join(catalog.frameworks) or "none (pip install dlbench-numpy)"
        raise UsageError("no framework is named", f"add --framework NAME; installed: {known}")
    folders = tuple(folders)
    paths = [locate(name, folders) for name in request.scenarios]
    choices = [parse_framework(text) for text in request.frameworks]
    pairs = [
        _Pair(
            request=request,
            path=path,
            base=load(path),
            entry=catalog.find(choice.name),
            choice=choice,
        )
        for path in paths
        for choice in choices
    ]
    check_device(request.device, catalog)
    if request.stack is not None:
        check_stack(request.stack, catalog)
    _check_axes(request, catalog, pairs)
    found: dict[object, Cell | RefusedCell] = {}
    for pair in pairs:
        for cell in _expand_pair(pair):
            found.setdefault(_identity(cell), cell)
    return list(found.values())


def _identity(chosen: Cell | RefusedCell) -> object:
    cell = chosen.cell if isinstance(chosen, RefusedCell) else chosen
    variant = tuple(sorted(cell.variant.items()))
    return cell.scenario_path, cell.entry.framework.name, cell.image.id, variant


class _Pair(Struct, frozen=True, kw_only=True):
    """One scenario on one framework as it was chosen, before axes are swept."""

    request: Request
    path: Path
    #: With its parameters' default values.
    base: Scenario
    entry: Entry
    choice: FrameworkChoice

    @property
    def framework(self) -> Framework:
        return self.entry.framework

    @property
    def known(self) -> dict[str, Axis]:
        return known_axes(self.framework, self.base)

    @property
    def asked(self) -> dict[str, tuple[str, ...]]:
        return {**parse_axes(self.request.axes), **self.choice.axes}


class _Pool(Struct, frozen=True, kw_only=True):
    """The images that a pair may take, the preferred one first; ``missing``: why it may not."""

    images: Sequence[Image]
    words: str
    missing: str = ""


def _expand_pair(pair: _Pair) -> Iterator[Cell | RefusedCell]:
    """Yield a cell for every combination of the values asked for.

    All share one image where one can do them all, so that a sweep compares nothing else.
    """
    pool = _pool_images(pair)
    combinations = list(_combine(pair))
    rows = [
        [_settle(pair, pool, image, scenario, values) for scenario, values in combinations]
        for image in pool.images
    ]
    for row in rows:
        if all(isinstance(cell, Cell) for cell in row):
            yield from row
            return
    for column in zip(*rows, strict=True):
        yield next((cell for cell in column if isinstance(cell, Cell)), column[0])


def _combine(pair: _Pair) -> Iterator[tuple[Scenario, dict[str, str]]]:
    """Yield every combination of the values asked for, with the scenario that it makes."""
    known = pair.known
    asked = {name: values for name, values in pair.asked.items() if name in known}
    parameters = {parameter.name for parameter in pair.base.parameters}
    for combination in itertools.product(*asked.values()):
        values = {
            name: spell_value(known[name], value, pair.base) or value
            for name, value in zip(asked, combination, strict=True)
        }
        own = {
            name: value
            for name, value in values.items()
            if name in parameters and spell_value(known[name], value, pair.base)
        }
        yield (load(pair.path, own) if own else pair.base), values


def _pool_images(pair: _Pair) -> _Pool:
    """Return the images of the version or stack asked for, else of the newest stack that can."""
    framework, request, version = pair.framework, pair.request, pair.choice.version
    images = newest_first(matching_images(framework, version))
    able = [image for image in images if request.device in image.devices] or images
    stack = request.stack or (None if version else _newest_stack(pair, able))
    if stack:
        able = [image for image in able if image.stack == stack]
    if not able:
        what = f"{framework.name} {version}" if version else framework.name
        has = ", ".join(dict.fromkeys(image.stack for image in images))
        return _Pool(
            images=images[:1],
            words="",
            missing=f"{what} has no image in stack {stack} for {request.device} (it has {has})",
        )
    words = f"version {version} as asked for," if version else "newest"
    return _Pool(images=sorted(able, key=lambda image: _strangeness(pair, image)), words=words)


def _newest_stack(pair: _Pair, images: Sequence[Image]) -> str:
    """Return the newest stack whose images serve all axis values asked for, else the newest."""
    wanted = [
        (name, spell_value(axis, value, pair.base) or value)
        for name, axis in pair.known.items()
        for value in pair.asked.get(name, ())
    ]
    stacks = {image.stack: [one for one in images if one.stack == image.stack] for image in images}
    able = (
        stack
        for stack, own in stacks.items()
        if all(any(serves(pair.framework, one, *pairing) for one in own) for pairing in wanted)
    )
    return next(able, images[0].stack)


def _strangeness(pair: _Pair, image: Image) -> int:
    """Count the axes nobody asked for whose default this image does not serve."""
    return sum(
        not serves(pair.framework, image, axis.name, axis.values[0])
        for axis in pair.framework.supports.axes
        if axis.values and axis.name not in pair.asked
    )


def _settle(
    pair: _Pair, pool: _Pool, image: Image, scenario: Scenario, values: Mapping[str, str]
) -> Cell | RefusedCell:
    """Spell out one cell, and say why it cannot run if it cannot."""
    known, request = pair.known, pair.request
    summarize(scenario)
    defaults = {
        name: default_value(axis, scenario, request.cpu_count) for name, axis in known.items()
    }
    served = {name: value for name, value in image.axes.items() if name in known}
    variant = {**defaults, **served, **values}
    words = f"{pool.words} of stack {image.stack}"
    cell = Cell(
        scenario=scenario,
        scenario_path=pair.path,
        entry=pair.entry,
        image=image,
        image_choice=words if image == pool.images[0] else f"{words} that serves the axes",
        device=request.device,
        variant=variant,
        not_applicable=tuple(name for name in pair.asked if name not in known),
        quick=request.quick,
    )
    reason = pool.missing or _strange_value(pair, values) or _too_few_items(scenario, variant)
    reason = reason or refusal(pair.framework, image, request.device, variant, scenario)
    return RefusedCell(cell=cell, reason=reason) if reason else cell


def _strange_value(pair: _Pair, values: Mapping[str, str]) -> str:
    """Say which value is another framework's, not this one's."""
    for name, value in values.items():
        axis = pair.known[name]
        if spell_value(axis, value, pair.base) is None:
            has = ", ".join(axis.values) or "whole numbers"
            own = {parameter.name for parameter in pair.base.parameters}
            owner = pair.base.name if name in own else pair.framework.name
            return f"{owner} has no {name}={value} (it has {has})"
    return ""


def _too_few_items(scenario: Scenario, variant: Mapping[str, str]) -> str:
    items = scenario.data.items
    if items and int(variant["batch_size"]) > items:
        return f"batch size {variant['batch_size']} is more than the scenario's {items} items"
    return ""


def check_device(device: str, catalog: Catalog) -> None:
    """Raise UnknownNameError for a device that nothing runs on."""
    entries = catalog.frameworks.values()
    known = {
        kind for entry in entries for image in entry.framework.images for kind in image.devices
    }
    if device not in known | set(_DEVICES):
        raise UnknownNameError(f"unknown device {device!r}", nearest(device, known | set(_DEVICES)))


def check_stack(stack: str, catalog: Catalog) -> None:
    """Raise UnknownNameError for a stack that no image is of."""
    entries = catalog.frameworks.values()
    known = {image.stack for entry in entries for image in entry.framework.images}
    if stack not in known:
        raise UnknownNameError(f"unknown stack {stack!r}", nearest(stack, known))


def _check_axes(request: Request, catalog: Catalog, pairs: Sequence[_Pair]) -> None:
    """Raise UnknownNameError for an axis or a value that nothing has."""
    chosen = [(axis, pair.base) for pair in pairs for axis in pair.known.values()]
    others = [
        (axis, pair.base)
        for pair in pairs
        for entry in catalog.frameworks.values()
        for axis in known_axes(entry.framework, pair.base).values()
    ]
    check_axes(parse_axes(request.axes), [*chosen, *others], "")
    for pair in pairs:
        own = [
            (axis, other.base)
            for other in pairs
            if other.choice is pair.choice
            for axis in other.known.values()
        ]
        check_axes(pair.choice.axes, own, f"{pair.framework.name}: ")
