"""The engine seam: what an engine is given, what it answers, and the protocol between.

``docker_engine`` and ``venv_engine`` implement it; the tests bring one of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

How: TypeAlias = Literal["exited", "timeout", "oom", "interrupted", "lost"]
#: What became of a container and its dlbench.
State: TypeAlias = Literal["left", "in use", "kept", "unknown"]


class EngineFacts(Struct, frozen=True, kw_only=True):
    """What an engine says of itself, for the record."""

    name: str
    version: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    #: Whether each limit of a RunSpec is really enforced by this engine here.
    enforces: Mapping[str, bool] = field(default_factory=dict)


class BaseRecipe(Struct, frozen=True, kw_only=True):
    """An operating-system base, bootstrapped from a distribution's own packages.

    ``digest`` covers suite, packages, environment and lock; ``tag`` carries it.
    """

    name: str
    tag: str
    suite: str
    packages: tuple[str, ...]
    digest: str
    #: Environment variables of every image on this base.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Name -> version of every system package as it came out when the base was locked.
    lock: Mapping[str, str] = field(default_factory=dict)
    #: Where packages come from, out of the user's own settings; empty: mmdebstrap's default.
    mirror: str = ""
    #: Options for apt while it fetches, which the base does not keep; None: apt's own.
    apt_options: tuple[str, ...] | None = None
    #: Certificate authorities for apt, where its options name none.
    ca_bundle: Path | None = None
    #: A container registry that is asked before the base is made; empty: none.
    registry: str = ""


class Recipe(Struct, frozen=True, kw_only=True):
    """A rendered image: everything that building it needs, and a tag that is its digest.

    ``verify`` and ``inventory`` are commands with two placeholders: ``{python}``, the interpreter,
    and ``{context}``, where the context's files lie (``/opt/dlbench`` in a container image, the
    unpacked context for a virtual environment).  Both run without network, on a read-only root.
    """

    image_id: str
    device: str
    tag: str
    digest: str
    base: BaseRecipe
    #: The build context, a deterministic tar without secrets and wheels; what is sent to a
    #: builder is ``context.complete(recipe)``.
    context: bytes
    #: The context's requirements file as text, for engines that make virtual environments.
    requirements: str
    python_version: str
    python: str
    #: Prints what works, and exits 0 if the image is good.
    verify: tuple[str, ...]
    #: Prints one line of JSON: ``{"packages": {name: version}, "system_packages": {...}}``.
    inventory: tuple[str, ...] = ()
    #: Build arguments that leave no trace in the image (the proxies, which builders predefine).
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    #: Files that the build needs and the image must not keep: name in the context -> content, or
    #: the host's file.
    secrets: Mapping[str, bytes | Path] = field(default_factory=dict)
    #: Returns further ones, whose search only a build is to make; raises DlbenchError.
    find_secrets: Callable[[], Mapping[str, bytes | Path]] = dict
    #: Wheels that stand in for pinned requirements; ``requirements`` no longer names these.
    wheels: tuple[Path, ...] = ()
    #: Free space that building it takes at its peak.
    disk_bytes: int = 0
    #: A container registry that is asked before the image is built; empty: none.
    registry: str = ""
    #: False: build every step again, whatever the engine has cached.
    use_cache: bool = True


def repository(image_id: str) -> str:
    """Return the name that an engine keeps an image under; engines take no capitals."""
    return f"dlbench/{image_id.lower()}"


class BuiltImage(Struct, frozen=True, kw_only=True):
    """An image that is there, as the engine knows it."""

    image_id: str
    device: str
    tag: str
    digest: str
    #: The engine's own identity of it (``sha256:...``, or the folder of a virtual environment).
    engine_id: str
    python: str
    #: False for a user's own interpreter, and where a local wheel stood in for a pinned one.
    pinned: bool = True
    size_bytes: int = 0
    #: Name -> version of the Python packages inside, and of the system's.
    packages: Mapping[str, str] = field(default_factory=dict)
    system_packages: Mapping[str, str] = field(default_factory=dict)
    #: What ``verify`` printed.
    verified: str = ""


class StoredImage(Struct, frozen=True, kw_only=True):
    """One of dlbench's images as it lies in an engine; bases have an empty ``image_id``."""

    tag: str
    engine_id: str
    image_id: str = ""
    digest: str = ""
    size_bytes: int = 0
    #: UTC, ISO 8601.
    created: str = ""


class RunSpec(Struct, frozen=True, kw_only=True):
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


class Exit(Struct, frozen=True, kw_only=True):
    """How the host saw a run end; what the worker said of it is in its result."""

    how: How
    code: int | None = None
    detail: str = ""
    wall_seconds: float = 0.0
    #: Processor time of all the run's processes, where the engine can tell.
    cpu_seconds: float | None = None


class Leftover(Struct, frozen=True, kw_only=True):
    """A container of some run, past or present, that is there.

    ``left``: its dlbench has ended without removing it; ``in use``: that is alive; ``kept``: its
    user asked for that; ``unknown``: whose it is cannot be told from here.
    """

    name: str
    run_id: str
    state: State
    running: bool = False


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

    def cpu_seconds(self) -> float | None:
        """Return the processor time so far of what is being executed; asked from another thread.

        Cheap enough to be asked every other second, and None where it cannot be read.
        """
        ...

    def interrupt(self) -> None:
        """End what is being executed, from another thread or a signal handler."""
        ...


@runtime_checkable
class ImageKeeper(Protocol):
    """What an engine that has a store of images offers beside ``Engine``."""

    def verify_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Run the verify of an image that is there again; raises ImageError with its output."""
        ...

    def list_images(self) -> list[StoredImage]:
        """List everything tagged ``dlbench/...``, bases too."""
        ...

    def remove_image(self, tag: str) -> int:
        """Remove one image; return the bytes freed, as far as the engine says."""
        ...

    def push_image(self, tag: str, registry: str) -> str:
        """Give an image to a container registry; return its name there.  Raises ImageError."""
        ...

    def save_images(self, tags: tuple[str, ...], path: Path) -> None:
        """Write the images as one archive; raises ImageError."""
        ...

    def load_images(self, path: Path) -> tuple[str, ...]:
        """Load an archive that ``save_images`` wrote; return the tags."""
        ...


@runtime_checkable
class ContainerKeeper(Protocol):
    """What an engine whose runs can outlive dlbench offers beside ``Engine``."""

    name: str

    def leftovers(self) -> list[Leftover]:
        """Return the containers of runs that are there, of every dlbench."""
        ...

    def remove_leftover(self, leftover: Leftover) -> None:
        """Remove one with all that belongs to it; raises EngineError."""
        ...
