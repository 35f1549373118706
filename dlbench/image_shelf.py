"""The images of the catalog, chosen, and those that an engine keeps: listed, pruned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from dlbench import images
from dlbench.build_settings import BuildSettings
from dlbench.catalog import Catalog
from dlbench.engine import Engine, ImageKeeper, Recipe, StoredImage, repository
from dlbench.errors import EngineError, ImageError, UnknownNameError, UsageError, nearest
from dlbench.framework import Image


class Choice(Struct, frozen=True, kw_only=True):
    """One image for one device."""

    framework_name: str
    image: Image
    device: str

    def render(self, images_folder: Path, settings: BuildSettings) -> Recipe:
        """Return its recipe; raises ImageError."""
        return images.render(
            self.image,
            framework_name=self.framework_name,
            device=self.device,
            images_folder=images_folder,
            settings=settings,
        )


class ImageRow(Struct, frozen=True, kw_only=True):
    """What a list shows of one image for one device."""

    choice: Choice
    tag: str
    #: ``built``, ``defined``, or why it cannot be rendered.
    state: str
    size_bytes: int = 0
    created: str = ""


def choose(
    catalog: Catalog,
    ids: Sequence[str] = (),
    *,
    framework: str | None = None,
    device: str | None = None,
) -> list[Choice]:
    """Return the chosen images, all where nothing is said; raises UnknownNameError."""
    names = [catalog.find(framework).framework.name] if framework else sorted(catalog.frameworks)
    every = [
        Choice(framework_name=name, image=image, device=kind)
        for name in names
        for image in catalog.frameworks[name].framework.images
        for kind in image.devices
    ]
    if not every:
        raise UnknownNameError(
            "there are no images: no framework plugin is installed",
            "pip install the plugins of the frameworks that you want (dlbench list frameworks)",
        )
    known = {choice.image.id for choice in every}
    for wanted in ids:
        if wanted not in known:
            raise UnknownNameError(f"unknown image {wanted!r}", nearest(wanted, known))
    chosen = [
        choice
        for choice in every
        if (not ids or choice.image.id in ids) and device in {None, choice.device}
    ]
    if not chosen:
        raise UnknownNameError(
            f"no image for device {device!r} among those chosen", "devices: cpu, cuda"
        )
    return chosen


def keeper(engine: Engine) -> ImageKeeper:
    """Return ``engine`` as one that keeps images; raises EngineError where it does not."""
    if not isinstance(engine, ImageKeeper):
        raise EngineError(
            f"engine {engine.name} keeps no images", "this needs --engine docker or podman"
        )
    return engine


def check_wheels(recipes: Sequence[Recipe], settings: BuildSettings) -> None:
    """Raise UsageError where a local wheel stands in for nothing in any of ``recipes``."""
    used = {path for recipe in recipes for path in recipe.wheels}
    for path in settings.wheels:
        if path not in used:
            raise UsageError(
                f"--wheel {path.name}: no chosen image pins a package of that name",
                "choose images with --framework or by their ids",
            )


def list_rows(
    choices: Sequence[Choice],
    images_folder: Path,
    settings: BuildSettings,
    stored: Sequence[StoredImage],
) -> list[ImageRow]:
    """Return a row for each of ``choices``, with what the engine has of it."""
    by_tag = {image.tag: image for image in stored}
    rows = []
    for choice in choices:
        try:
            tag = choice.render(images_folder, settings).tag
        except (ImageError, UnknownNameError) as error:
            rows.append(ImageRow(choice=choice, tag="", state=error.message))
            continue
        found = by_tag.get(tag)
        rows.append(
            ImageRow(
                choice=choice,
                tag=tag,
                state="built" if found else "defined",
                size_bytes=found.size_bytes if found else 0,
                created=found.created if found else "",
            )
        )
    return rows


def find_stale(
    stored: Sequence[StoredImage], choices: Sequence[Choice], images_folder: Path
) -> Iterator[StoredImage]:
    """Yield the stored images and bases that no definition in the catalog leads to any more."""
    wanted = set(_wanted_tags(choices, images_folder, {image.tag for image in stored}))
    yield from (image for image in stored if image.tag not in wanted)


def _wanted_tags(
    choices: Sequence[Choice], images_folder: Path, known: Collection[str]
) -> Iterator[str]:
    for choice in choices:
        try:
            recipe = choice.render(images_folder, BuildSettings())
        except (ImageError, UnknownNameError):
            # What cannot be rendered now may be again: its images stay.
            prefix = f"{repository(choice.image.id)}:"
            yield from (tag for tag in known if tag.startswith(prefix))
            continue
        yield recipe.tag
        yield recipe.base.tag
