"""The images of a container engine: found, built and verified, listed, saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dlbench import docker_client
from dlbench.engine import BuiltImage, Exit, Recipe, RunSpec

if TYPE_CHECKING:
    from docker import APIClient

#: What an image says of itself; its final tag is given together with these, after its verify.
DIGEST_LABEL = "dlbench.digest"
IMAGE_LABEL = "dlbench.image"
DEVICE_LABEL = "dlbench.device"
PACKAGES_LABEL = "dlbench.packages"
SYSTEM_LABEL = "dlbench.system_packages"
VERIFIED_LABEL = "dlbench.verified"


class ImageShelf:
    """The images that an engine holds."""

    def __init__(
        self,
        client: APIClient,
        name: str,
        info: Mapping[str, Any],
        execute: Callable[[RunSpec], Exit],
    ) -> None:
        self._client = client
        self._name = name
        self._info = info
        self._execute = execute

    def find(self, recipe: Recipe) -> BuiltImage | None:
        """Return the image of ``recipe`` if it is there, was verified, and is of its digest."""
        facts = self._inspect(recipe.tag)
        labels = (facts or {}).get("Config", {}).get("Labels") or {}
        if facts is None or labels.get(DIGEST_LABEL) != recipe.digest:
            return None
        return BuiltImage(
            image_id=recipe.image_id,
            device=recipe.device,
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id=facts["Id"],
            python=recipe.python,
            pinned=not recipe.wheels,
            size_bytes=int(facts.get("Size", 0)),
            packages=json.loads(labels.get(PACKAGES_LABEL, "{}")),
            system_packages=json.loads(labels.get(SYSTEM_LABEL, "{}")),
            verified=labels.get(VERIFIED_LABEL, ""),
        )

    def _inspect(self, tag: str) -> dict[str, Any] | None:
        import docker

        with docker_client.translated(self._name, f"to look for image {tag}"):
            try:
                facts: dict[str, Any] = self._client.inspect_image(tag)  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return None
        return facts
