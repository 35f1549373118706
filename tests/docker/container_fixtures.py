"""Fixtures: each container engine, ready to run.

Nothing is installed here: ``scripts/engine --podman`` does that.  What is missing fails the tests
that need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from container_places import Place, await_podman, start_podman

from dlbench import images
from dlbench.docker_engine import DockerEngine
from dlbench.engine import Recipe, RunSpec
from dlbench.framework import Image

IMAGES = Path(__file__).parents[2] / "images"
SMALL = Image(id="numpy-2.4.6", versions={"numpy": "2.4.6"}, stack="2026")


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    return images.render(
        SMALL,
        framework_name="numpy",
        device="cpu",
        images_folder=IMAGES,
        settings=images.read_settings(),
    )


@pytest.fixture(scope="session")
def docker(small_recipe: Recipe) -> Iterator[Place]:
    engine = DockerEngine()
    yield Place(engine, images.ensure(engine, small_recipe, print))
    engine.close()


@pytest.fixture(scope="session")
def podman(
    docker: Place, small_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("p")
    address = f"unix://{folder}/podman.sock"
    service = start_podman(address)
    try:
        engine = await_podman(service, address)
        image = engine.find_image(small_recipe)
        if image is None:
            archive = folder / "small.tar"
            docker.engine.save_images((small_recipe.tag,), archive)
            assert engine.load_images(archive) == (small_recipe.tag,)
            archive.unlink()
            image = engine.find_image(small_recipe)
        assert image is not None
        yield Place(engine, image, address)
        engine.close()
    finally:
        service.terminate()
        service.wait(30)


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    """Docker, whose new images are removed again."""
    found = DockerEngine()
    before = {image.tag for image in found.list_images()}
    yield found
    for image in found.list_images():
        if image.tag not in before and image.image_id:
            found.remove_image(image.tag)
    found.close()


@pytest.fixture(params=["docker", "podman"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each container engine in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Place)
    return found


@pytest.fixture
def left_behind(place: Place) -> Iterator[list[RunSpec]]:
    """Runs that a test adds must have left no container and no control group when it ends."""
    specs: list[RunSpec] = []
    yield specs
    names = {spec.name for spec in specs}
    assert names.isdisjoint(one.name for one in place.engine.leftovers())
    for spec in specs:
        assert not list(Path("/sys/fs/cgroup").glob(f"**/dlbench/{spec.run_id}"))
