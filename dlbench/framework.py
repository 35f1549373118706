"""What plugin authors import: the hook, and the values that it returns.

A plugin is a distribution with an entry point in the group ``dlbench`` that names a module with a
``dlbench_frameworks`` hook implementation.  The module states facts only: it imports no framework,
because the host process loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pluggy

#: The plugin API that this dlbench offers.  A plugin states the one it was written for.
API_VERSION = 1

#: Every kind of layer of this API version, for a plugin that knows them all (``Supports.layers``).
#: A kind that dlbench gets later is not among them: no plugin of today could know it.
LAYERS = (
    "convolution",
    "max_pool",
    "average_pool",
    "dense",
    "activation",
    "dropout",
    "flatten",
    "permute",
    "reshape",
    "embedding",
    "lstm",
    "time_distributed",
    "repeat",
    "add",
)

#: Every optimizer of this API version (``Supports.optimizers``).
OPTIMIZERS = ("sgd", "rmsprop", "adadelta", "adagrad", "adam")

PROJECT = "dlbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

#: The command that starts the worker in a container.  ``{python}`` is the image's interpreter,
#: ``{in}``, ``{out}`` and ``{data}`` are the three folders of the protocol.
PYTHON_WORKER = ("{python}", "-m", "dlbench_worker", "{in}", "{out}", "{data}")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One frozen set of versions.

    ``id`` names it (``tensorflow-1.0.0``); frameworks may share an image with its folder and id.
    ``versions`` states what it holds, the framework's own name first; the record keeps what was
    found beside it.
    ``axes`` are the axis values that this image alone serves (``{"backend": "theano"}``).
    """

    id: str
    versions: Mapping[str, str]
    stack: str
    #: Device kinds that the image exists for.
    devices: tuple[str, ...] = ("cpu",)
    axes: Mapping[str, str] = field(default_factory=dict)
    #: Folder with Dockerfile, requirements and verify; None: ``images/<framework>/<id>``.
    folder: Path | None = None
    #: The adapter file of this image; None: the framework's.
    adapter: Path | None = None
    #: The interpreter inside the image, and the Python version it is.
    python: str = "/opt/venv/bin/python"
    python_version: str = "3.11"
    #: Folders that the framework must be able to load just-made libraries from.
    scratch: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    #: False where no virtual environment can stand for the image (system packages needed).
    venv: bool = True

    @property
    def version(self) -> str:
        """The framework's own version."""
        return next(iter(self.versions.values()))


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis that a framework declares: its allowed values, the first one being the default.

    An empty ``values`` takes any positive integer (batch size, threads).
    """

    name: str
    values: tuple[str, ...]
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A combination that cannot run, and why, in one sentence that a table can show.

    Every condition that is given must hold.  ``images``, ``devices`` and ``layers`` hold when any
    of their members occurs; ``axes`` when each named axis has one of its values; ``parameters``
    narrows ``layers`` to those whose parameters have one of the values.
    """

    reason: str
    images: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An optimizer that follows another definition than docs/protocol.md, and which.

    Parity expects its probe to differ where every condition holds, and tables say so.
    """

    optimizer: str
    reason: str
    images: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Supports:
    """What a framework can do; everything else is refused before anything starts."""

    layers: tuple[str, ...]
    optimizers: tuple[str, ...]
    losses: tuple[str, ...] = ("cross_entropy",)
    axes: tuple[Axis, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework as a plugin offers it."""

    name: str
    summary: str
    adapter: Path
    images: tuple[Image, ...]
    supports: Supports
    #: Further files that the adapter imports, copied beside it.
    files: tuple[Path, ...] = ()
    command: tuple[str, ...] = PYTHON_WORKER
    #: Whether this is the framework that parity holds all others against; there is one.
    oracle: bool = False
    api_version: int = API_VERSION


class Hooks:
    """The hooks that dlbench calls."""

    @hookspec
    def dlbench_frameworks(self) -> Iterable[Framework]:  # type: ignore[empty-body]
        """Return the frameworks that this plugin offers."""
