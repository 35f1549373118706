"""The catalog: every framework that an installed plugin offers, and every plugin that is broken.

Plugins are entry points in the group ``dlbench``.  Each is loaded on its own and guarded: whatever
it does, the others stay usable, and the catalog says what is wrong with it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from msgspec import Struct

from dlbench.errors import PluginError, UnknownNameError, nearest
from dlbench.framework import API_VERSION, PROJECT, Axis, Framework, Hooks, Image, Refusal, Supports

GROUP = "dlbench"


class Entry(Struct, frozen=True, kw_only=True):
    """A framework, and the distribution that brought it."""

    framework: Framework
    distribution: str
    version: str


class BrokenPlugin(Struct, frozen=True, kw_only=True):
    """An entry point with a fault.  ``usable``: its frameworks are there in spite of it."""

    distribution: str
    entry_point: str
    reason: str
    usable: bool = False


class Catalog(Struct, frozen=True, kw_only=True):
    """What plugins offer: usable frameworks by name, and everything that is wrong."""

    frameworks: Mapping[str, Entry]
    broken: tuple[BrokenPlugin, ...] = ()
    #: Framework names that several plugins claim, with the distributions.
    disputed: Mapping[str, tuple[str, ...]] | None = None

    def find(self, name: str) -> Entry:
        """Return the framework ``name``.

        Raises PluginError where several plugins claim the name, UnknownNameError where none does.
        """
        claims = (self.disputed or {}).get(name)
        if claims:
            raise PluginError(
                f"framework {name!r} is brought by {' and '.join(claims)}", "uninstall one of them"
            )
        if name not in self.frameworks:
            fix = nearest(name, self.frameworks)
            lost = [item.distribution for item in self.broken if not item.usable]
            if lost:
                fix += f"; broken plugins: {', '.join(lost)} (see `dlbench list frameworks`)"
            raise UnknownNameError(f"unknown framework {name!r}", fix)
        return self.frameworks[name]


class _PluginFaultError(Exception):
    """Why a plugin cannot be used."""


def load_catalog(points: Iterable[EntryPoint] | None = None) -> Catalog:
    """Load every plugin; ``points`` stands in for the installed entry points."""
    entries: list[Entry] = []
    broken: list[BrokenPlugin] = []
    for point in entry_points(group=GROUP) if points is None else points:
        distribution, version = _origin(point)
        loaded, reason, printed = _load_guarded(point)
        if reason:
            broken.append(
                BrokenPlugin(distribution=distribution, entry_point=point.value, reason=reason)
            )
        elif printed:
            note = f"printed while it was loaded: {printed[:80]!r}"
            broken.append(
                BrokenPlugin(
                    distribution=distribution, entry_point=point.value, reason=note, usable=True
                )
            )
        entries += [
            Entry(framework=framework, distribution=distribution, version=version)
            for framework in loaded
        ]
    return _settle(entries, broken)


def _origin(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return point.name, "unknown"
    return point.dist.name, point.dist.version


def _load_guarded(point: EntryPoint) -> tuple[list[Framework], str, str]:
    """Return a plugin's frameworks, why it cannot be used, and what it printed."""
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            return _load(point), "", noise.getvalue().strip()
    except _PluginFaultError as fault:
        return [], str(fault), ""
    except (Exception, SystemExit) as failure:  # a plugin may fail in any way it likes
        text = " ".join(str(failure).split())
        return [], f"{type(failure).__name__}: {text[:300]}", ""


def _load(point: EntryPoint) -> list[Framework]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(point.load())
    manager.check_pending()
    if not manager.hook.dlbench_frameworks.get_hookimpls():
        raise _PluginFaultError(
            "it has no hook `dlbench_frameworks` marked with dlbench.framework.hookimpl"
        )
    frameworks: list[Framework] = []
    for answer in manager.hook.dlbench_frameworks():
        frameworks += answer
    for framework in frameworks:
        for fault in _faults(framework):
            raise _PluginFaultError(fault)
    return frameworks


def _faults(framework: Any) -> Iterator[str]:
    """Yield what is wrong with a value that a hook returned."""
    if not isinstance(framework, Framework):
        yield f"its hook returned {type(framework).__name__}, expected Framework"
        return
    name = framework.name
    if framework.api_version > API_VERSION:
        yield (
            f"{name}: written for plugin API {framework.api_version}, this dlbench offers "
            f"{API_VERSION}: update dlbench"
        )
    for what, found, expected in _typed_values(framework):
        if not isinstance(found, expected):
            yield f"{name}: {what} is {type(found).__name__}, expected {expected.__name__}"
            return
    ids = {image.id for image in framework.images}
    if not ids or len(ids) != len(framework.images):
        yield f"{name}: expected images, each with an id of its own"
    for file in (framework.adapter, *framework.files):
        if not file.is_file():
            yield f"{name}: there is no file {file.name} beside the plugin"


def _typed_values(framework: Framework) -> Iterator[tuple[str, Any, type]]:
    yield "name", framework.name, str
    yield "supports", framework.supports, Supports
    yield from (("an image", image, Image) for image in framework.images)
    yield from (("an axis", axis, Axis) for axis in framework.supports.axes)
    yield from (("a refusal", refusal, Refusal) for refusal in framework.supports.refusals)


def _settle(entries: list[Entry], broken: list[BrokenPlugin]) -> Catalog:
    """Take the frameworks out whose name several plugins claim."""
    claims: dict[str, list[Entry]] = {}
    for entry in entries:
        claims.setdefault(entry.framework.name, []).append(entry)
    disputed = {
        name: tuple(entry.distribution for entry in found)
        for name, found in claims.items()
        if len(found) > 1
    }
    for name, distributions in disputed.items():
        reason = f"framework {name!r} is brought by {' and '.join(distributions)}"
        broken += [
            BrokenPlugin(distribution=distribution, entry_point=name, reason=reason)
            for distribution in distributions
        ]
    frameworks = {name: found[0] for name, found in sorted(claims.items()) if len(found) == 1}
    return Catalog(frameworks=frameworks, broken=tuple(broken), disputed=disputed)
