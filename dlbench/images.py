"""Images: rendered from their definitions, found or built, verified.

``render`` is pure: the same definition gives the same context, digest and tag on every machine,
whatever the network settings of its user.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dlbench import bases, build_settings, context, jars, maven, requirements
from dlbench.build_settings import BuildSettings, read_settings
from dlbench.engine import BaseRecipe, BuiltImage, Engine, ImageKeeper, Recipe, repository
from dlbench.errors import ImageError, UnknownNameError, nearest
from dlbench.framework import Image

__all__ = ["BuildSettings", "ensure", "folder_of", "lock_path", "read_settings", "render"]

_FROM = re.compile(r"^FROM +(\S+)", re.MULTILINE)
#: Files of an image folder that are no part of its context.
_LEFT_OUT = re.compile(r"(image\.yaml|README\.md|pom\.xml|requirements(\.\w+)?\.(in|txt)|.*\.pyc)$")


class Definition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``image.yaml``: what a Dockerfile cannot say."""

    #: Device -> free space that a build takes at its peak.
    disk_megabytes: dict[str, int] = {}


class _Content(Struct, frozen=True, kw_only=True):
    """What one device's image is made of."""

    base: str
    lock: str
    archive: bytes
    digest: str


def folder_of(image: Image, framework_name: str, images_folder: Path) -> Path:
    """Return the folder that defines ``image``: its plugin's, or ``images/<framework>/<id>``.

    Where the framework has none of that id, another's serves: frameworks may share an image.
    Raises UnknownNameError where there is none.
    """
    folder = image.folder or images_folder / framework_name / image.id
    if image.folder is None and not folder.is_dir():
        folder = next(iter(sorted(images_folder.glob(f"*/{image.id}"))), folder)
    if not (folder / "Dockerfile").is_file():
        known = (path.parent.name for path in images_folder.glob("*/*/Dockerfile"))
        raise UnknownNameError(
            f"image {image.id} has no definition in {folder}", nearest(image.id, known)
        )
    return folder


def lock_path(folder: Path, device: str) -> Path:
    """Return the lock for ``device``: its own, or the one that serves all devices."""
    own = folder / f"requirements.{device}.txt"
    return own if own.is_file() else folder / "requirements.txt"


def render(
    image: Image,
    *,
    framework_name: str,
    device: str,
    images_folder: Path,
    settings: BuildSettings,
) -> Recipe:
    """Return the recipe of ``image`` for ``device``.

    Devices whose contexts are equal share digest and tag, and so one built image.  Raises
    ImageError where the definition is wrong, UnknownNameError where there is none.
    """
    if device not in image.devices:
        raise UnknownNameError(
            f"image {image.id} does not exist for device {device!r}",
            nearest(device, image.devices),
        )
    folder = folder_of(image, framework_name, images_folder)
    contents = {
        kind: _compose(folder, kind, images_folder, settings.wheels)
        for kind in image.devices
        if kind == device or lock_path(folder, kind).is_file()
    }
    mine = contents[device]
    alike = "-".join(sorted(kind for kind in contents if contents[kind].digest == mine.digest))
    definition = _read_definition(folder)
    return Recipe(
        image_id=image.id,
        device=device,
        tag=f"{repository(image.id)}:{alike}-{mine.digest[:12]}",
        digest=mine.digest,
        base=base_recipe(images_folder, mine.base, settings),
        context=mine.archive,
        requirements=mine.lock,
        python_version=image.python_version,
        python=image.python,
        verify=("{python}", "{context}/verify"),
        inventory=("{python}", "{context}/inventory"),
        build_arguments=settings.proxies,
        secrets=build_settings.secrets(settings, mine.lock),
        find_secrets=partial(_find_secrets, folder, settings),
        wheels=_stand_ins(folder, device, settings.wheels),
        disk_bytes=definition.disk_megabytes.get(device, 0) * 1_000_000,
        registry="" if settings.wheels or not settings.use_cache else settings.registry,
        use_cache=settings.use_cache,
    )


def base_recipe(images_folder: Path, name: str, settings: BuildSettings) -> BaseRecipe:
    """Return base ``name``, with what apt needs to fetch its packages here."""
    return replace(
        bases.load_base(images_folder, name),
        mirror=settings.apt_mirror,
        apt_options=settings.apt_options,
        ca_bundle=settings.ca_bundle,
        registry=settings.registry,
    )


def base_name(folder: Path, images_folder: Path) -> str:
    """Return the base that the Dockerfile in ``folder`` builds on; raises ImageError."""
    path = folder / "Dockerfile"
    known = set(bases.base_names(images_folder))
    named: list[str] = _FROM.findall(path.read_text("utf-8"))
    found = {name for name in named if name in known}
    if len(found) != 1:
        raise ImageError(f"{path}: FROM must name one base", nearest((*named, "")[0], known))
    return next(iter(found))


def ensure(engine: Engine, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
    """Return the image of ``recipe``, built and verified now where it is not there.

    Raises ImageError where it cannot be built, or the disk has no room for it.
    """
    found = engine.find_image(recipe)
    if found and recipe.use_cache:
        return found
    _check_disk(engine, recipe)
    on_line(f"building {recipe.tag}")
    built = engine.build_image(recipe, on_line)
    if found and found.engine_id != built.engine_id and isinstance(engine, ImageKeeper):
        # It has lost its tag to the new one, and would lie there unseen.
        engine.remove_image(found.engine_id)
    return built


def _compose(folder: Path, device: str, images_folder: Path, wheels: tuple[Path, ...]) -> _Content:
    lock = _read_lock(folder, device)
    stand_ins = _stand_ins(folder, device, wheels)
    lock = requirements.without(lock, {requirements.wheel_name(path.name)[0] for path in stand_ins})
    base = base_name(folder, images_folder)
    tag = bases.load_base(images_folder, base).tag
    dockerfile = re.sub(
        rf"^FROM +{re.escape(base)}(?=\s)",
        f"FROM {tag}",
        (folder / "Dockerfile").read_text("utf-8"),
        flags=re.MULTILINE,
    )
    installer = bases.load_definition(images_folder, base).install
    files: dict[str, bytes] = {
        **_own_files(folder),
        "Dockerfile": dockerfile.encode(),
        "requirements.txt": lock.encode(),
        "wheels.txt": "".join(context.describe_wheel(path) for path in stand_ins).encode(),
        "inventory": (images_folder / "inventory").read_bytes(),
    }
    if tools := requirements.tools(lock):
        files["tools.txt"] = tools.encode()
    if installer:
        files["install"] = (images_folder / "install" / installer).read_bytes()
    if jars.LOCK in files:
        _check_jars(folder)
        files["install-jars"] = (images_folder / "install/jars").read_bytes()
        files["jar-inventory"] = (images_folder / "install/jar-inventory").read_bytes()
    archive = context.pack(files)
    return _Content(base=base, lock=lock, archive=archive, digest=context.digest_of(archive))


def _check_jars(folder: Path) -> None:
    path = folder / jars.LOCK
    try:
        jars.parse(path.read_text("utf-8"))
    except ValueError as error:
        raise ImageError(f"{path}: {error}", "dlbench images lock makes it again") from error


def _find_secrets(folder: Path, settings: BuildSettings) -> Mapping[str, bytes | Path]:
    path = folder / jars.LOCK
    return maven.secrets(settings, path.read_text("utf-8")) if path.is_file() else {}


def _own_files(folder: Path) -> Mapping[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if not _LEFT_OUT.match(path.name)
    }


def _read_lock(folder: Path, device: str) -> str:
    path = lock_path(folder, device)
    if not path.is_file():
        raise ImageError(
            f"{folder} has no requirements for {device}",
            f"dlbench images lock {folder.name} --device {device} makes them",
        )
    text = path.read_text("utf-8")
    try:
        requirements.parse(text)
        requirements.tools(text)
    except ValueError as error:
        raise ImageError(f"{path}: {error}", "dlbench images lock makes it again") from error
    return text


def _stand_ins(folder: Path, device: str, wheels: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return those of ``wheels`` that this image pins; the others are for other images."""
    if not wheels:
        return ()
    pins = requirements.pins(_read_lock(folder, device))
    return tuple(path for path in wheels if requirements.wheel_name(path.name)[0] in pins)


def _read_definition(folder: Path) -> Definition:
    path = folder / "image.yaml"
    if not path.is_file():
        return Definition()
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Definition)
    except msgspec.MsgspecError as error:
        raise ImageError(f"{path}: {error}") from error


def _check_disk(engine: Engine, recipe: Recipe) -> None:
    root = Path(engine.facts().details.get("data_root", ""))
    if not root.is_absolute() or not root.exists():
        return
    needed = recipe.disk_bytes + bases.DISK_BYTES
    free = shutil.disk_usage(root).free
    if free < needed:
        raise ImageError(
            f"building {recipe.image_id} for {recipe.device} needs {needed / 1e9:.1f} GB free in"
            f" {root}; there are {free / 1e9:.1f} GB",
            "free some space (dlbench images prune removes images no longer defined)",
        )
