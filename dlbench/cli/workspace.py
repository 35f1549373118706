"""The composition root: where things are on this machine, and which engine is used."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dlbench.errors import EngineError, UnknownNameError, UsageError, nearest

if TYPE_CHECKING:
    from dlbench.catalog import Catalog
    from dlbench.engine import Engine

PACKAGE = Path(__file__).resolve().parent.parent

ENGINES = ("docker", "podman", "venv")


def locate_bundle(name: str) -> Path:
    """Return folder ``name`` of the checkout that this package is in, else the bundled copy."""
    checkout = PACKAGE.parent / name
    if (PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return PACKAGE / "_bundled" / name


class Workspace(Struct, frozen=True, kw_only=True):
    """Folders, catalog and engines of one command."""

    images: Path
    scenarios: tuple[Path, ...]
    studies: tuple[Path, ...]
    cache: Path
    results: Path

    @property
    def runs(self) -> Path:
        """Where each run has a folder of its own while it goes on."""
        return self.cache / "runs"

    def catalog(self) -> Catalog:
        """Load the plugins that are installed."""
        from dlbench.catalog import load_catalog

        return load_catalog()

    def engine(self, name: str | None = None, *, python: str | None = None) -> Engine:
        """Return engine ``name``; by default Docker, or virtual environments where it is absent.

        Raises EngineError where the engine asked for does not answer.
        """
        if name is not None and name not in ENGINES:
            raise UnknownNameError(f"unknown engine {name!r}", nearest(name, ENGINES))
        if python and name not in {None, "venv"}:
            raise UsageError("--python needs --engine venv", "leave one of the two out")
        if name == "venv" or python:
            return self._venv_engine(python)
        try:
            return self._container_engine(name or "docker")
        except EngineError:
            if name is not None:
                raise
            return self._venv_engine(None)

    def _container_engine(self, name: str) -> Engine:
        from dlbench.docker_engine import DockerEngine

        return DockerEngine(name=name)

    def _venv_engine(self, python: str | None) -> Engine:
        from dlbench.venv_engine import VenvEngine

        return VenvEngine(self.cache / "venvs", python=python)


def open_workspace(results: Path | None = None) -> Workspace:
    """Find the folders: options first, then the environment, then the defaults.

    ``DLBENCH_RESULTS`` names the results folder (default ``results`` in the working folder),
    ``DLBENCH_CACHE`` the cache (default: the user's), ``DLBENCH_SCENARIOS`` and
    ``DLBENCH_STUDIES`` further folders of scenarios and studies, separated like ``PATH``.
    """
    return Workspace(
        images=locate_bundle("images"),
        scenarios=find_folders("DLBENCH_SCENARIOS", "scenarios"),
        studies=find_folders("DLBENCH_STUDIES", "studies"),
        cache=find_cache(),
        results=results or Path(os.environ.get("DLBENCH_RESULTS", "results")),
    )


def find_folders(variable: str, bundle: str) -> tuple[Path, ...]:
    """Return the folders that ``variable`` names, and after them the one of dlbench itself."""
    named = os.environ.get(variable, "").split(os.pathsep)
    return *(Path(folder) for folder in named if folder), locate_bundle(bundle)


def find_cache() -> Path:
    """Return the folder of the cache; raises UsageError for a user who has no home."""
    named = os.environ.get("DLBENCH_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    with contextlib.suppress(RuntimeError):
        found = user_cache_path("dlbench")
        if found.is_absolute():
            return found
    raise UsageError(
        "there is no home folder to keep the cache in",
        "name a folder in DLBENCH_CACHE, or set HOME",
    )
