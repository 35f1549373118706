"""Building images in a container engine: base, build, verify, and only then the tag."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import IO, Any

from dlbench import bases, context, docker_client
from dlbench.build_log import TAIL_LINES, build_error
from dlbench.docker_images import (
    DIGEST_LABEL,
    IMAGE_LABEL,
    PACKAGES_LABEL,
    SYSTEM_LABEL,
    VERIFIED_LABEL,
    ImageShelf,
    read_labels,
)
from dlbench.docker_registry import Registry
from dlbench.engine import BaseRecipe, BuiltImage, Exit, Recipe, RunSpec
from dlbench.errors import ImageError
from dlbench.inspection import Candidate, Findings, inspect, verify

_STEP_IMAGE = re.compile(r"-+> (?:Using cache )?([0-9a-f]{10,64})\b")
#: Marks the line that a build ended with.
ERROR = "error: "


class Builder:
    """Builds images onto ``shelf``; ``execute`` is the engine's own, for what runs inside them."""

    def __init__(self, shelf: ImageShelf, execute: Callable[[RunSpec], Exit]) -> None:
        self._shelf = shelf
        self._client = shelf.client
        self._execute = execute

    def build(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Build and verify the image of ``recipe``; its tag exists only where all went well.

        Where the user has a registry that serves it, it comes from there and is verified here.
        """
        if not self._fetch(recipe, on_line):
            self._make(recipe, on_line)
        built = self._shelf.find(recipe)
        if built is None:
            raise ImageError(f"image {recipe.tag} was built, but {self._shelf.name} has none")
        return built

    def _fetch(self, recipe: Recipe, on_line: Callable[[str], None]) -> bool:
        if not recipe.registry:
            return False
        registry = Registry(self._shelf, recipe.registry)
        with registry.fetched(recipe.tag, recipe.digest, on_line) as name:
            if name is None:
                return False
            verify(recipe, inside(recipe, name), self._execute, on_line)
            self._tag(name, recipe.tag)
        return True

    def _tag(self, image: str, tag: str) -> None:
        repository, _, version = tag.rpartition(":")
        with docker_client.translated(self._shelf.name, f"to tag {tag}"):
            self._client.tag(image, repository, version)

    def _make(self, recipe: Recipe, on_line: Callable[[str], None]) -> None:
        if recipe.base.name:
            self._ensure_base(recipe.base, on_line)
        draft = f"dlbench-draft/{recipe.image_id.lower()}:{recipe.digest[:12]}"
        steps: list[str] = []
        try:
            with context.complete(recipe) as archive:
                self._build(recipe, archive, draft, on_line, steps)
            found = inspect(recipe, inside(recipe, draft), self._execute, on_line)
            self._label(recipe, draft, make_labels(recipe, found), on_line)
        finally:
            self._remove_steps([draft, *reversed(steps)])

    def verify(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Verify an image that is there; raises ImageError with what it printed."""
        built = self._shelf.find(recipe)
        if built is None:
            raise ImageError(f"image {recipe.tag} is not there", "dlbench images build makes it")
        verify(recipe, inside(recipe, built.engine_id), self._execute, on_line)
        return built

    # -- base ------------------------------------------------------------------------------------

    def _ensure_base(self, base: BaseRecipe, on_line: Callable[[str], None]) -> None:
        facts = self._shelf.inspect(base.tag)
        if facts is not None and read_labels(facts).get(DIGEST_LABEL) == base.digest:
            return
        if base.registry:
            registry = Registry(self._shelf, base.registry)
            with registry.fetched(base.tag, base.digest, on_line) as name:
                if name is not None:
                    self._tag(name, base.tag)
                    return
        on_line(f"bootstrapping base {base.name} from {base.suite}")
        changes = [f"ENV {name}={json.dumps(text)}" for name, text in base.environment.items()]
        changes.append(f"LABEL {DIGEST_LABEL}={base.digest}")
        with (
            bases.bootstrap(base, on_line) as made,
            docker_client.translated(self._shelf.name, f"to import base {base.name}"),
        ):
            said = self._client.import_image_from_stream(made.stream, changes=changes)
        # Tagged only now: the bootstrap's own failure shows itself at the end of its block.
        self._tag(read_import(base, str(said)), base.tag)

    # -- build -----------------------------------------------------------------------------------

    def _build(
        self,
        recipe: Recipe,
        archive: IO[bytes],
        tag: str,
        on_line: Callable[[str], None],
        steps: list[str],
    ) -> None:
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        # Closed at once when it is interrupted, because that is what ends the build.
        with contextlib.closing(self._stream(recipe, archive, tag=tag)) as lines:
            for line in lines:
                tail.append(line)
                steps += _STEP_IMAGE.findall(line)
                on_line(line)
                if line.startswith(ERROR):
                    raise build_error(recipe, line.removeprefix(ERROR), list(tail)[:-1])

    def _stream(
        self,
        recipe: Recipe,
        archive: IO[bytes],
        *,
        tag: str,
        labels: Mapping[str, str] | None = None,
    ) -> Generator[str]:
        """Yield the lines of a build; one that begins with ``ERROR`` is the last."""
        import docker

        try:
            messages = self._client.build(
                fileobj=archive,
                custom_context=True,
                tag=tag,
                rm=True,
                forcerm=True,
                nocache=not recipe.use_cache and labels is None,
                buildargs=dict(recipe.build_arguments),
                labels=dict(labels or {}),
                decode=True,
                use_config_proxy=False,
            )
            with contextlib.closing(messages):
                yield from read_messages(messages)
        except docker.errors.APIError as error:
            yield ERROR + docker_client.explanation(error)

    def _label(
        self,
        recipe: Recipe,
        draft: str,
        labels: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> None:
        """Give the verified image its labels and with them its tag."""
        dockerfile = context.pack({"Dockerfile": f"FROM {draft}\n".encode()})
        lines = list(self._stream(recipe, io.BytesIO(dockerfile), tag=recipe.tag, labels=labels))
        for line in lines:
            if line.startswith(ERROR):
                raise build_error(recipe, line.removeprefix(ERROR), lines[:-1])
        on_line(f"tagged {recipe.tag}")

    def _remove_steps(self, names: Iterable[str]) -> None:
        """Remove what a build leaves between its base and its image.

        A build stage holds the user's network settings, and its layers are of no further use.
        What the image itself stands on, and what has a tag of its own, stays.
        """
        import docker

        for name in names:
            facts = self._shelf.inspect(name)
            tags = (facts or {}).get("RepoTags") or []
            if facts is None or (tags and not any(_same_name(tag, name) for tag in tags)):
                continue
            with contextlib.suppress(docker.errors.APIError):
                self._client.remove_image(name)


def inside(recipe: Recipe, image: str) -> Candidate:
    """Return how the inside of ``image`` is reached."""
    return Candidate(engine_id=image, python=recipe.python, context=context.IN_IMAGE)


def make_labels(recipe: Recipe, found: Findings) -> dict[str, str]:
    """Return what an image says of itself."""
    return {
        IMAGE_LABEL: recipe.image_id,
        DIGEST_LABEL: recipe.digest,
        VERIFIED_LABEL: found.verified,
        PACKAGES_LABEL: json.dumps(found.packages, sort_keys=True),
        SYSTEM_LABEL: json.dumps(found.system_packages, sort_keys=True),
    }


def read_messages(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the log in a build's stream of messages line by line, an error marked ``ERROR``."""
    rest = ""
    for message in messages:
        if "error" in message:
            if rest.strip():
                yield rest.rstrip()
            yield ERROR + str(message["error"]).strip()
            return
        *lines, rest = (rest + str(message.get("stream", ""))).split("\n")
        yield from (line.rstrip() for line in lines if line.strip())
    if rest.strip():
        yield rest.rstrip()


def read_import(base: BaseRecipe, said: str) -> str:
    """Return the id of an imported base out of the engine's messages; raises ImageError."""
    messages = [json.loads(line) for line in said.splitlines() if line.strip().startswith("{")]
    for message in messages:
        if "error" in message:
            raise ImageError(f"base {base.name} cannot be imported: {message['error']}")
    if not messages:
        raise ImageError(f"base {base.name} was imported, but the engine names no image: {said!r}")
    return str(messages[-1]["status"])


def _same_name(tag: str, name: str) -> bool:
    return tag == name or tag.endswith(f"/{name}")
