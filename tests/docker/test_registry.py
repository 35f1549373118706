"""Images given to a container registry and taken from there again, by the real engine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import registry_server
from msgspec.structs import replace

from dlbench import images
from dlbench.build_settings import read_settings
from dlbench.docker_engine import DockerEngine
from dlbench.docker_images import DIGEST_LABEL
from dlbench.engine import BaseRecipe, Recipe
from dlbench.errors import ImageError
from dlbench.framework import Image

pytestmark = pytest.mark.docker

CHECKOUT = Path(__file__).parents[2] / "images"
IMAGE = Image(id="numpy-2.4.6", versions={"numpy": "2.4.6"}, stack="2026")
NOBODY = "127.0.0.1:9"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry_server.serving(tmp_path_factory.mktemp("registry")) as found:
        yield f"{found}/team"


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    with docker.APIClient() as found:
        yield found


@pytest.fixture
def built() -> Recipe:
    """The recipe of the oracle's image, which is there."""
    recipe = images.render(
        IMAGE,
        framework_name="numpy",
        device="cpu",
        images_folder=CHECKOUT,
        settings=replace(read_settings(), registry=""),
    )
    images.ensure(DockerEngine(), recipe, lambda _: None)
    return recipe


def renamed(client: docker.APIClient, recipe: Recipe, name: str) -> Recipe:
    """Give the image of ``recipe`` another tag; return the recipe that leads to it."""
    tag = f"dlbench/{name}:{recipe.digest[:12]}"
    repository, _, version = tag.rpartition(":")
    client.tag(recipe.tag, repository, version)
    return replace(recipe, tag=tag)


def import_tiny(client: docker.APIClient, tag: str, digest: str) -> None:
    """Make an image of one file with a label."""
    changes = [f"LABEL {DIGEST_LABEL}={digest}"]
    said = client.import_image_from_data(pack(f"file-of-{digest}"), changes=changes)
    made = json.loads(str(said).splitlines()[-1])["status"]
    repository, _, version = tag.rpartition(":")
    client.tag(made, repository, version)


def names(client: docker.APIClient) -> set[str]:
    return {tag for image in client.images() for tag in image["RepoTags"] or []}


def test_an_image_comes_from_the_registry_and_is_verified(
    client: docker.APIClient, built: Recipe, address: str
) -> None:
    engine, recipe = DockerEngine(), renamed(client, built, "registry-test")
    first = engine.find_image(recipe)
    assert engine.push_image(recipe.tag, address) == f"{address}/registry-test:{built.digest[:12]}"
    engine.remove_image(recipe.tag)
    assert engine.find_image(recipe) is None

    lines: list[str] = []
    fetched = images.ensure(engine, replace(recipe, registry=address), lines.append)
    assert fetched == first
    assert lines[1] == f"asking {address} for registry-test:{built.digest[:12]}"
    assert not any("Step" in line or "bootstrapping" in line for line in lines)
    assert not any(name.startswith(address) for name in names(client))
    engine.remove_image(recipe.tag)


def test_an_image_that_fails_its_verify_gets_no_tag(
    client: docker.APIClient, built: Recipe, address: str
) -> None:
    engine, recipe = DockerEngine(), renamed(client, built, "registry-broken")
    engine.push_image(recipe.tag, address)
    engine.remove_image(recipe.tag)
    broken = replace(recipe, registry=address, verify=("{python}", "-c", "raise SystemExit(3)"))
    with pytest.raises(ImageError):
        engine.build_image(broken, lambda _: None)
    assert engine.find_image(recipe) is None
    assert not any(name.startswith(address) for name in names(client))


@pytest.mark.parametrize(
    ("where", "digest", "said"),
    [
        ("registry", "other", "it serves another image under that name"),
        ("registry", "absent", "not from"),
        ("nobody", "right", "not from"),
    ],
)
def test_a_base_that_the_registry_does_not_serve_is_bootstrapped(
    client: docker.APIClient, address: str, where: str, digest: str, said: str
) -> None:
    engine = DockerEngine()
    tag = f"dlbench/base-tiny-{digest}:1"
    if digest != "absent":
        import_tiny(client, tag, "right")
        engine.push_image(tag, address)
        engine.remove_image(tag)
    base = BaseRecipe(
        name=f"tiny-{digest}",
        tag=tag,
        suite="no-such-suite",
        packages=(),
        digest=digest,
        registry=address if where == "registry" else NOBODY,
    )
    lines: list[str] = []
    with pytest.raises(ImageError, match="bootstrapping base"):
        engine.build_image(made_on(base), lines.append)
    assert any(said in line for line in lines), lines
    assert tag not in names(client)


def test_a_base_comes_from_the_registry(client: docker.APIClient, address: str) -> None:
    engine, tag = DockerEngine(), "dlbench/base-tiny:1"
    import_tiny(client, tag, "right")
    engine.push_image(tag, address)
    engine.remove_image(tag)
    base = BaseRecipe(
        name="tiny", tag=tag, suite="none", packages=(), digest="right", registry=address
    )
    with pytest.raises(ImageError, match="tiny-image"):
        engine.build_image(made_on(base), lambda _: None)
    assert tag in names(client), "the base was there before the build, which has no Dockerfile"
    engine.remove_image(tag)


def made_on(base: BaseRecipe) -> Recipe:
    """Return a recipe on ``base`` that cannot be built."""
    return Recipe(
        image_id="tiny-image",
        device="cpu",
        tag="dlbench/tiny-image:1",
        digest="none",
        base=base,
        context=pack("no-dockerfile"),
        requirements="",
        python_version="3.11",
        python="python",
        verify=("true",),
    )


def pack(name: str) -> bytes:
    """Return an archive of one empty file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return stream.getvalue()


def test_a_registry_that_does_not_answer_takes_nothing(built: Recipe) -> None:
    with pytest.raises(ImageError, match="does not take") as caught:
        DockerEngine().push_image(built.tag, NOBODY)
    assert "docker login" in caught.value.hint
