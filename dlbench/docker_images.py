"""The images that a container engine holds: found, listed, removed, saved and loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench import docker_client
from dlbench.engine import BuiltImage, Recipe, StoredImage
from dlbench.errors import ImageError

if TYPE_CHECKING:
    from docker import APIClient

#: What an image says of itself.  It gets its tag together with these, after its verify.
DIGEST_LABEL = "dlbench.digest"
IMAGE_LABEL = "dlbench.image"
PACKAGES_LABEL = "dlbench.packages"
SYSTEM_LABEL = "dlbench.system_packages"
VERIFIED_LABEL = "dlbench.verified"

#: What Podman puts before the names of images that come from no registry.
_PREFIX = re.compile(r"^(localhost|docker\.io)/")
CHUNK_BYTES = 2**20
ABSENT = 404

_LOADED = re.compile(r"Loaded image(?:\(s\))?: (\S+)")


class ImageShelf:
    """The images of the engine ``name`` that ``client`` speaks to."""

    def __init__(self, client: APIClient, name: str) -> None:
        self.client = client
        self.name = name

    def find(self, recipe: Recipe) -> BuiltImage | None:
        """Return the image of ``recipe`` if it is there, was verified, and is of its digest."""
        facts = self.inspect(recipe.tag)
        if facts is None or read_labels(facts).get(DIGEST_LABEL) != recipe.digest:
            return None
        labels = read_labels(facts)
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

    def inspect(self, tag: str) -> dict[str, Any] | None:
        """Return what the engine knows of an image, or None where there is none."""
        import docker

        with docker_client.translated(self.name, f"to look for image {tag}"):
            try:
                facts: dict[str, Any] = self.client.inspect_image(tag)  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return None
        return facts

    def list(self) -> list[StoredImage]:
        """List everything tagged ``dlbench/...``, bases too."""
        with docker_client.translated(self.name, "to list images"):
            found = self.client.images()
        return sorted(read_stored(found), key=lambda image: image.tag)

    def remove(self, tag: str) -> int:
        """Remove one image; return its size in bytes.  Raises ImageError where it is in use."""
        import docker

        facts = self.inspect(tag)
        if facts is None:
            return 0
        with docker_client.translated(self.name, f"to remove image {tag}"):
            try:
                self.client.remove_image(tag)
            except docker.errors.APIError as error:
                raise ImageError(
                    f"image {tag} cannot be removed: {docker_client.explanation(error)}",
                    "a container that was kept may still use it",
                ) from None
        return int(facts.get("Size", 0))

    def save(self, tags: tuple[str, ...], path: Path) -> None:
        """Write the images as one archive, which appears only when it is whole."""
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as archive:
                for chunk in self._download(tags):
                    archive.write(chunk)
            part.replace(path)
        except OSError as error:
            raise ImageError(f"{path} cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)

    def _download(self, tags: tuple[str, ...]) -> Iterator[bytes]:
        url = f"{self.client.base_url}/v{self.client.api_version}/images/get"
        with docker_client.translated(self.name, "to save images"):
            answer = self.client.get(url, params={"names": tags}, stream=True)
            if not answer.ok:
                raise ImageError(f"{self.name} cannot save images: {answer.text.strip()}")
            yield from answer.iter_content(CHUNK_BYTES)

    def load(self, path: Path) -> tuple[str, ...]:
        """Load an archive that ``save`` wrote; return the tags."""
        import docker

        try:
            with path.open("rb") as archive, docker_client.translated(self.name, "to load images"):
                lines = list(self.client.load_image(archive))  # type: ignore[no-untyped-call]
        except FileNotFoundError:
            raise ImageError(f"there is no file {path}") from None
        except docker.errors.ImageLoadError as error:
            raise ImageError(f"{path} is no archive of images: {error}") from None
        said = "".join(str(line.get("stream", "")) for line in lines)
        for line in lines:
            if "error" in line:
                raise ImageError(f"{path} cannot be loaded: {line['error']}")
        return tuple(_PREFIX.sub("", name) for name in _LOADED.findall(said))


def read_labels(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels in what the engine says of an image."""
    return dict((facts.get("Config") or {}).get("Labels") or {})


def read_stored(found: Iterable[Mapping[str, Any]]) -> Iterable[StoredImage]:
    """Yield each image of ours in the engine's list, one for each tag."""
    for image in found:
        labels = image.get("Labels") or {}
        for name in image.get("RepoTags") or []:
            tag = _PREFIX.sub("", name)
            if tag.startswith("dlbench/"):
                yield StoredImage(
                    tag=tag,
                    engine_id=image["Id"],
                    image_id=labels.get(IMAGE_LABEL, ""),
                    digest=labels.get(DIGEST_LABEL, ""),
                    size_bytes=int(image.get("Size", 0)),
                    created=datetime.fromtimestamp(image["Created"], UTC).isoformat(),
                )
