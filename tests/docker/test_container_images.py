"""Images in each engine: built, verified, listed, moved, removed."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from build_recipes import make_recipe
from container_places import Place

from dlbench.engine import Recipe
from dlbench.errors import EngineError, ImageError

pytestmark = pytest.mark.docker
pytest_plugins = ["container_fixtures"]


@pytest.fixture
def made(place: Place) -> Iterator[list[Recipe]]:
    """Recipes whose images are removed when the test ends."""
    recipes: list[Recipe] = []
    yield recipes
    for recipe in recipes:
        place.engine.remove_image(recipe.tag)


def recipe_on(place: Place, steps: str = "", **changes: Any) -> Recipe:
    """Return a recipe on top of the small image."""
    dockerfile = f"FROM {place.image.tag}\nCOPY . /opt/dlbench/\n{steps}"
    files = {"name": place.engine.name.encode(), **changes.pop("files", {})}
    return make_recipe(dockerfile, files, **changes)


def all_ids(place: Place) -> set[str]:
    """Return every image of the engine, intermediate ones too."""
    listed = subprocess.run(
        [place.engine.name, "images", "-aq", "--no-trunc"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


def test_build_find_list_and_remove(place: Place, made: list[Recipe]) -> None:
    recipe = recipe_on(place, "RUN echo some words && touch /made\n")
    made.append(recipe)
    assert place.engine.find_image(recipe) is None
    lines: list[str] = []
    built = place.engine.build_image(recipe, lines.append)
    assert "some words" in lines
    assert "it works" in lines
    assert built == place.engine.find_image(recipe)
    assert built.engine_id.startswith("sha256:")
    assert built.packages == {"a": "1"}
    assert built.verified == "it works"
    assert built.size_bytes > 10**7
    assert place.engine.verify_image(recipe, lines.append) == built
    (stored,) = [image for image in place.engine.list_images() if image.tag == recipe.tag]
    assert (stored.image_id, stored.digest) == (recipe.image_id, recipe.digest)
    assert stored.created.startswith("20")
    assert place.engine.remove_image(recipe.tag) == built.size_bytes
    assert place.engine.find_image(recipe) is None
    assert place.engine.remove_image(recipe.tag) == 0


def test_a_build_that_fails_shows_the_end_of_its_log(place: Place) -> None:
    recipe = recipe_on(place, "RUN echo first words && echo last words && exit 3\n")
    with pytest.raises(ImageError) as caught:
        place.engine.build_image(recipe, lambda _: None)
    assert "test-1.0 for cpu could not be built" in caught.value.message
    assert "  | last words" in caught.value.message
    assert place.engine.find_image(recipe) is None


def test_a_dockerfile_that_makes_no_sense(place: Place) -> None:
    recipe = recipe_on(place, "NONSENSE\n")
    with pytest.raises(ImageError, match="could not be built"):
        place.engine.build_image(recipe, lambda _: None)


def test_an_image_that_fails_its_verify_gets_no_tag(place: Place) -> None:
    files = {"verify": b"raise SystemExit('wrong kernels')\n"}
    recipe = recipe_on(place, files=files)
    with pytest.raises(ImageError, match=r"verify failed \(exit code 1\):\n  \| wrong kernels"):
        place.engine.build_image(recipe, lambda _: None)
    assert place.engine.find_image(recipe) is None
    assert not [image for image in place.engine.list_images() if image.tag == recipe.tag]


def test_secrets_stay_in_no_image(place: Place, made: list[Recipe]) -> None:
    """A build stage may see them; neither the image nor what the build left has them."""
    before = all_ids(place)
    dockerfile = (
        f"FROM {place.image.tag} AS build\nWORKDIR /build\nCOPY . .\n"
        "RUN grep -q hidden secrets/pip.conf && touch /made\n"
        f"FROM {place.image.tag}\nCOPY --from=build /made /made\n"
        "COPY verify inventory requirements.txt /opt/dlbench/\n"
    )
    recipe = make_recipe(
        dockerfile,
        {"name": place.engine.name.encode()},
        secrets={"secrets/pip.conf": b"[global]\n# hidden\n"},
    )
    made.append(recipe)
    built = place.engine.build_image(recipe, lambda _: None)
    for image in {built.engine_id, *(all_ids(place) - before)}:
        look = [place.engine.name, "run", "--rm", "--network=none", "--entrypoint=/bin/ls"]
        found = subprocess.run(
            [*look, image, "/build/secrets/pip.conf"], capture_output=True, text=True, check=False
        )
        assert found.stdout == ""


def test_images_move_as_one_archive(place: Place, made: list[Recipe], tmp_path: Path) -> None:
    recipe = recipe_on(place)
    made.append(recipe)
    built = place.engine.build_image(recipe, lambda _: None)
    archive = tmp_path / "images.tar"
    place.engine.save_images((recipe.tag,), archive)
    assert [path.name for path in tmp_path.iterdir()] == ["images.tar"]
    place.engine.remove_image(recipe.tag)
    assert place.engine.load_images(archive) == (recipe.tag,)
    loaded = place.engine.find_image(recipe)
    assert loaded is not None
    assert (loaded.engine_id, loaded.packages) == (built.engine_id, built.packages)


def test_archives_that_are_none(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="there is no file"):
        place.engine.load_images(tmp_path / "none.tar")
    (tmp_path / "text.tar").write_text("this is no archive")
    with pytest.raises((ImageError, EngineError)):
        place.engine.load_images(tmp_path / "text.tar")
    with pytest.raises(ImageError, match="cannot save images"):
        place.engine.save_images(("dlbench/none:1",), tmp_path / "saved.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["text.tar"]


def test_an_image_in_use_is_not_removed(place: Place, made: list[Recipe], tmp_path: Path) -> None:
    from engine_runs import make_spec

    recipe = recipe_on(place)
    made.append(recipe)
    built = place.engine.build_image(recipe, lambda _: None)
    spec = make_spec(tmp_path, built, "", keep=True)
    place.engine.execute(spec)
    try:
        with pytest.raises(ImageError, match="cannot be removed"):
            place.engine.remove_image(recipe.tag)
    finally:
        subprocess.run([place.engine.name, "rm", "-f", spec.name], check=True, capture_output=True)


def test_ctrl_c_ends_a_build(docker: Place) -> None:
    """Docker's builds alone: Podman goes on with a step whose client has left."""
    recipe = recipe_on(docker, "RUN echo begun && sleep 600\n")
    here = threading.get_ident()

    def interrupt_when_begun(line: str) -> None:
        if line == "begun":
            signal.pthread_kill(here, signal.SIGINT)

    before = sleeping()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        docker.engine.build_image(recipe, interrupt_when_begun)
    assert time.monotonic() - started < 60
    assert docker.engine.find_image(recipe) is None
    # The engine ends the step on its own time, after the connection was closed.
    deadline = time.monotonic() + 60
    while sleeping() - before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def sleeping() -> set[str]:
    """Return the processes of build steps that sleep as the test's own does."""
    return {
        str(process.pid)
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] == ["sleep", "600"]
    }
