"""A container registry of the user's own, which keeps images that were built elsewhere.

It is trusted like the engine is.  That an image is what a recipe asks for is told by the digest in
its label; its ``verify`` is executed here before it gets its tag.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dlbench import docker_client
from dlbench.docker_images import DIGEST_LABEL, ImageShelf, read_labels
from dlbench.errors import ImageError

#: What the tags of our images begin with; in a registry its own name stands there.
OWN = "dlbench/"


class Registry:
    """The registry, or folder in one, at ``address``, as the engine behind ``shelf`` reaches it."""

    def __init__(self, shelf: ImageShelf, address: str) -> None:
        self._shelf = shelf
        self._client = shelf.client
        self._address = address.rstrip("/")

    def name(self, tag: str) -> tuple[str, str]:
        """Return (repository, version) of our image ``tag`` in the registry."""
        repository, _, version = tag.removeprefix(OWN).rpartition(":")
        return f"{self._address}/{repository}", version

    @contextmanager
    def fetched(
        self, tag: str, digest: str, on_line: Callable[[str], None]
    ) -> Iterator[str | None]:
        """Fetch image ``tag``; inside the block it has the name that is given, and no other.

        None, with a line that says why, where the registry does not serve it or serves another.
        """
        repository, version = self.name(tag)
        name = f"{repository}:{version}"
        on_line(f"asking {self._address} for {tag.removeprefix(OWN)}")
        problem = self._pull(repository, version)
        try:
            if not problem:
                facts = self._shelf.inspect(name)
                if facts is None or read_labels(facts).get(DIGEST_LABEL) != digest:
                    problem = "it serves another image under that name"
            if problem:
                on_line(f"not from {self._address}: {problem}")
            yield None if problem else name
        finally:
            self._forget(name)

    def _pull(self, repository: str, version: str) -> str:
        """Pull an image; return why that failed, or ''."""
        import docker

        with docker_client.translated(self._shelf.name, f"to pull {repository}"):
            try:
                messages = self._client.pull(repository, tag=version, stream=True, decode=True)
                errors = [str(message["error"]) for message in messages if "error" in message]
            except docker.errors.APIError as error:
                return docker_client.explanation(error)
        return " ".join(errors)

    def push(self, tag: str) -> str:
        """Give image ``tag`` to the registry; return its name there.  Raises ImageError."""
        repository, version = self.name(tag)
        with docker_client.translated(self._shelf.name, f"to push {repository}"):
            self._client.tag(tag, repository, version)
            try:
                messages = self._client.push(repository, tag=version, stream=True, decode=True)
                errors = [str(message["error"]) for message in messages if "error" in message]
            finally:
                self._forget(f"{repository}:{version}")
        if errors:
            raise ImageError(
                f"{self._address} does not take {tag}: {' '.join(errors)}",
                "does it answer, and are you logged in (docker login)?",
            )
        return f"{repository}:{version}"

    def _forget(self, name: str) -> None:
        """Take away the registry's name of an image; what has our tag too stays."""
        import docker

        with contextlib.suppress(docker.errors.APIError):
            self._client.remove_image(name)
