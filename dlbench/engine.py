"""The engine seam: what an engine is given, what it answers, and the protocol between.

``docker_engine`` and ``venv_engine`` implement it; the tests bring one of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

How: TypeAlias = Literal["exited", "timeout", "oom", "interrupted", "lost"]


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What an engine says of itself, for the record."""

    name: str
    version: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    #: Whether each limit of a RunSpec is really enforced by this engine here.
    enforces: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """An operating-system base, bootstrapped from a distribution's own packages."""

    name: str
    tag: str
    suite: str
    packages: tuple[str, ...]
    digest: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A rendered image: everything that building it needs, and a tag that is its digest."""

    image_id: str
    device: str
    tag: str
    digest: str
    base: BaseRecipe
    #: The build context, a deterministic tar.
    context: bytes
    #: The context's requirements file as text, for engines that make virtual environments.
    requirements: str
    python_version: str
    python: str
    verify: tuple[str, ...]
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    #: Files that the build needs and the image must not keep: name in the context -> host file.
    secrets: Mapping[str, Path] = field(default_factory=dict)
    #: Wheels that stand in for pinned requirements.
    wheels: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image that is there, as the engine knows it."""

    image_id: str
    device: str
    tag: str
    digest: str
    #: The engine's own identity of it (``sha256:...``, or the folder of a virtual environment).
    engine_id: str
    python: str
    pinned: bool = True
    size_bytes: int = 0
    #: Name -> version of the Python packages inside, and of the system's.
    packages: Mapping[str, str] = field(default_factory=dict)
    system_packages: Mapping[str, str] = field(default_factory=dict)
    #: What ``verify`` printed.
    verified: str = ""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One fresh container."""

    run_id: str
    name: str
    image: BuiltImage
    #: With the placeholders of ``framework.PYTHON_WORKER`` still in it.
    command: tuple[str, ...]
    in_folder: Path
    out_folder: Path
    data_folder: Path | None
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    cpus: tuple[int, ...] = ()
    memory_bytes: int = 0
    pids: int = 4096
    timeout_seconds: float = 3600.0
    device: str = "cpu"
    #: Folders that stay executable although the rest of the scratch space is not.
    scratch: tuple[str, ...] = ()
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How the host saw a run end; what the worker said of it is in its result."""

    how: How
    code: int | None = None
    detail: str = ""
    wall_seconds: float = 0.0


class Engine(Protocol):
    """What executes runs and builds what they run in."""

    name: str

    def facts(self) -> EngineFacts:
        """Describe the engine; raises EngineError where it does not answer."""
        ...

    def check_device(self, device: str) -> None:
        """Raise EngineError where runs on ``device`` cannot work here."""
        ...

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        """Return the built image of ``recipe`` if it is there."""
        ...

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Build it, run its verify, and return it; raises ImageError with the log's last lines."""
        ...

    def execute(self, spec: RunSpec) -> Exit:
        """Execute one run; block until it ended; leave nothing behind, whatever happens."""
        ...

    def interrupt(self) -> None:
        """End what is being executed, from another thread or a signal handler."""
        ...
