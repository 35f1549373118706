"""Stacks: the eras that images stand for, each with the system that was measured then."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dlbench.errors import ImageError, UnknownNameError, nearest


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The published measurements that a stack's system spec comes from."""

    id: str
    hardware: str
    versions: dict[str, str]
    #: What this stack's images have otherwise.
    differs: tuple[str, ...] = ()


class UnbuiltImages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images for a stack's own GPUs that are written down and were never built by dlbench."""

    #: What has to stand wherever they appear.
    state: str
    base: str
    #: What whoever wants to build them has to have.
    needs: str
    #: Each is ``images/cuda-<version>/<name>.Dockerfile``.
    dockerfiles: tuple[str, ...]


class Stack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One era: what its images stand for, and what they really run on here."""

    name: str
    summary: str
    #: The operating system, CUDA and cuDNN that the era's results were measured on.
    os: str
    cuda: str
    cudnn: str
    #: The operating system inside this stack's images.
    image_os: str
    python: str
    studies: tuple[Study, ...] = ()
    gpu: UnbuiltImages | None = None


def stack_names(images_folder: Path) -> list[str]:
    """Return the names of the stacks defined in ``images_folder``, oldest first."""
    return sorted(path.stem for path in images_folder.glob("stacks/*.yaml"))


def load_stack(images_folder: Path, name: str) -> Stack:
    """Read stack ``name``; raises UnknownNameError, and ImageError where its file is wrong."""
    path = images_folder / "stacks" / f"{name}.yaml"
    if not path.is_file():
        raise UnknownNameError(f"unknown stack {name!r}", nearest(name, stack_names(images_folder)))
    try:
        stack = msgspec.yaml.decode(path.read_bytes(), type=Stack)
    except msgspec.MsgspecError as error:
        raise ImageError(f"{path}: {error}") from error
    if stack.name != name:
        raise ImageError(f"{path}: name is {stack.name!r}, the file's is {name!r}")
    return stack


def load_stacks(images_folder: Path) -> list[Stack]:
    """Read all stacks, oldest first."""
    return [load_stack(images_folder, name) for name in stack_names(images_folder)]
