"""Images built for real: once, verified, with nothing of the user's network left in them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from dlbench import bases, images
from dlbench.build_settings import BuildSettings, read_settings
from dlbench.docker_engine import DockerEngine
from dlbench.engine import Recipe
from dlbench.errors import ImageError
from dlbench.framework import Image

pytest_plugins = ["container_fixtures"]
pytestmark = pytest.mark.docker

CHECKOUT = Path(__file__).parents[2] / "images"
IMAGE = Image(id="numpy-2.4.6", versions={"numpy": "2.4.6"}, stack="2026")
#: Words that appear in the user's settings of these tests and nowhere else.
MARK = b"dlbench-test-mark"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the definitions whose NumPy image has a digest of its own."""
    copy = tmp_path / "images"
    shutil.copytree(CHECKOUT, copy)
    with (copy / "numpy/numpy-2.4.6/verify").open("a") as verify:
        verify.write(f"# {tmp_path.name} {hashlib.sha256(str(tmp_path).encode()).hexdigest()}\n")
    return copy


def render(folder: Path, settings: BuildSettings) -> Recipe:
    return images.render(
        IMAGE, framework_name="numpy", device="cpu", images_folder=folder, settings=settings
    )


def write_wheel(folder: Path) -> Path:
    """Write a wheel that is called NumPy and is not."""
    path = folder / "numpy-99.0-py3-none-any.whl"
    info = "numpy-99.0.dist-info"
    files = {
        "numpy/__init__.py": "__version__ = '99.0'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def stand_in_verify(folder: Path) -> None:
    path = folder / "numpy/numpy-2.4.6/verify"
    path.write_text("import numpy\nprint('numpy', numpy.__version__)\n" + path.read_text()[-90:])
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[:2], f"# {hashlib.sha256(str(folder).encode()).hexdigest()}"]))


def test_an_image_is_built_once_and_keeps_no_setting(
    folder: Path, engine: DockerEngine, tmp_path: Path
) -> None:
    settings = read_settings()
    bundle = tmp_path / "bundle.pem"
    own = settings.ca_bundle.read_bytes() if settings.ca_bundle else b""
    bundle.write_bytes(b"# " + MARK + b"\n" + own)
    pip = {**settings.pip, "trusted-host": f"{MARK.decode()}.invalid"}
    marked = replace(settings, ca_bundle=bundle if own else None, pip=pip)
    recipe = render(folder, marked)
    assert any(MARK in content for content in recipe.secrets.values() if isinstance(content, bytes))

    lines: list[str] = []
    built = images.ensure(engine, recipe, lines.append)
    assert any("install" in line for line in lines)
    assert built.packages == {"numpy": "2.4.6"}
    assert built.system_packages["python3"] == recipe.base.lock["python3"]
    assert '"numpy": "2.4.6"' in built.verified

    again: list[str] = []
    assert images.ensure(engine, recipe, again.append).engine_id == built.engine_id
    assert images.ensure(engine, render(folder, BuildSettings()), again.append) == built
    assert again == []

    archive = tmp_path / "image.tar"
    engine.save_images((built.tag,), archive)
    assert contains(archive, b"Print what this image holds"), "the search finds what is there"
    assert not contains(archive, MARK)
    assert not contains(archive, b"secrets/pip.conf")
    assert not leftovers(MARK)

    engine.remove_image(built.tag)
    assert engine.find_image(recipe) is None
    assert built.tag in engine.load_images(archive)
    assert engine.find_image(recipe) == built


def contains(archive: Path, word: bytes) -> bool:
    """Tell whether ``word`` is in any file of any layer, or in the image's own description."""
    with tarfile.open(archive) as outer:
        files = (outer.extractfile(entry) for entry in outer)
        return any(word in file.read() for file in files if file)


def leftovers(word: bytes) -> list[str]:
    """Return untagged images, such as a build stage is, that still hold ``word``."""
    command = ["docker", "images", "--quiet", "--no-trunc", "--filter", "dangling=true"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [name for name in set(done.stdout.split()) if word in read_settings_in(name)]


def read_settings_in(name: str) -> bytes:
    command = ["docker", "run", "--rm", "--network=none", name, "cat", "/build/secrets/pip.conf"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).stdout


def test_any_user_may_run_it(folder: Path, engine: DockerEngine) -> None:
    recipe = render(CHECKOUT, read_settings())
    images.ensure(engine, recipe, lambda _: None)
    stranger = DockerEngine(user=(54321, 54321))
    assert '"numpy": "2.4.6"' in stranger.verify_image(recipe, lambda _: None).verified


def test_local_wheel_is_what_is_inside(folder: Path, engine: DockerEngine, tmp_path: Path) -> None:
    stand_in_verify(folder)
    recipe = render(folder, replace(read_settings(), wheels=(write_wheel(tmp_path),)))
    built = images.ensure(engine, recipe, lambda _: None)
    assert built.packages == {"numpy": "99.0"}
    assert not built.pinned
    assert built.verified.strip() == "numpy 99.0"


@pytest.mark.full
def test_building_again_leaves_no_second_image(
    folder: Path, engine: DockerEngine, tmp_path: Path
) -> None:
    stand_in_verify(folder)
    recipe = render(folder, replace(read_settings(), wheels=(write_wheel(tmp_path),)))
    first = images.ensure(engine, recipe, lambda _: None)
    again = images.ensure(engine, replace(recipe, use_cache=False), lambda _: None)
    assert again.engine_id != first.engine_id
    command = ["docker", "image", "inspect", first.engine_id]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_image_that_fails_its_verify_gets_no_tag(
    folder: Path, engine: DockerEngine, tmp_path: Path
) -> None:
    stand_in_verify(folder)
    path = folder / "numpy/numpy-2.4.6/verify"
    path.write_text(path.read_text() + "\nraise SystemExit('not what it should be')\n")
    recipe = render(folder, replace(read_settings(), wheels=(write_wheel(tmp_path),)))
    with pytest.raises(ImageError, match="not what it should be"):
        images.ensure(engine, recipe, lambda _: None)
    assert engine.find_image(recipe) is None


def test_file_that_is_not_as_locked_is_refused(folder: Path, engine: DockerEngine) -> None:
    lock = folder / "numpy/numpy-2.4.6/requirements.txt"
    lock.write_text(f"numpy==2.4.6 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(ImageError, match="could not be built"):
        images.ensure(engine, render(folder, read_settings()), lambda _: None)


@pytest.mark.full
def test_a_base_of_the_same_packages_is_the_same_bytes(engine: DockerEngine) -> None:
    recipe = render(CHECKOUT, read_settings())
    built = images.ensure(engine, recipe, lambda _: None)
    with bases.bootstrap(recipe.base, lambda _: None) as made:
        digest = hashlib.file_digest(made.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    command = ["docker", "inspect", "--format", "{{json .RootFS.Layers}}", recipe.base.tag]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    same_bytes = json.loads(done.stdout) == [f"sha256:{digest}"]
    assert same_bytes == (made.packages == built.system_packages)
