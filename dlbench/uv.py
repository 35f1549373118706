"""uv, which resolves requirements: found, given the user's settings, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dlbench.build_settings import BuildSettings
from dlbench.errors import ImageError

#: What every lock has in common: all files' hashes, and no address of an index.
_COMPILE = ("pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header")


def compile_requirements(source: Path, settings: BuildSettings, options: Sequence[str]) -> str:
    """Return the lock of requirements file ``source``; raises ImageError with uv's own words."""
    done = subprocess.run(
        [_find_program(), *_COMPILE, *options, *_index_options(settings), source.name],
        cwd=source.parent,
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageError(
            f"{source} cannot be resolved:\n{done.stderr.strip()}",
            "are the versions right, and does the package index answer?",
        )
    return done.stdout


def _find_program() -> str:
    try:
        from uv import find_uv_bin
    except ImportError:
        program = shutil.which("uv")
    else:
        program = find_uv_bin()
    if not program:
        raise ImageError("locking needs uv", "pip install 'dlbench[lock]'")
    return program


def _index_options(settings: BuildSettings) -> list[str]:
    pip = settings.pip
    options = [f"--find-links={link}" for link in settings.find_links]
    if pip.get("index-url"):
        options.append(f"--default-index={pip['index-url']}")
    options += [f"--index={url}" for url in pip.get("extra-index-url", "").split()]
    options += [f"--allow-insecure-host={host}" for host in pip.get("trusted-host", "").split()]
    if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        options.append("--no-index")
    return options


def _environment(settings: BuildSettings) -> dict[str, str]:
    environment = {**os.environ, **settings.proxies}
    if settings.ca_bundle:
        environment["SSL_CERT_FILE"] = str(settings.ca_bundle)
    if settings.client_certificate:
        environment["SSL_CLIENT_CERT"] = str(settings.client_certificate)
    return environment
