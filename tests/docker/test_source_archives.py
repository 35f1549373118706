"""Source archives in images of Python 2.7: built by what is locked, and by nothing else."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from dlbench import images, requirements
from dlbench.build_settings import read_settings
from dlbench.docker_engine import DockerEngine
from dlbench.engine import Recipe
from dlbench.errors import ImageError
from dlbench.framework import Image

pytest_plugins = ["container_fixtures"]
pytestmark = [pytest.mark.docker, pytest.mark.full]

CHECKOUT = Path(__file__).parents[2] / "images"
IMAGE = Image(
    id="tiny-1.0",
    versions={"tiny": "1.0"},
    stack="2017",
    python="python2.7",
    python_version="2.7",
)


def write_archive(folder: Path, asked: str) -> Path:
    """Write the source archive of a package with one module, which asks for more at its build."""
    source = folder / "tiny-1.0"
    source.mkdir(parents=True)
    (source / "tiny.py").write_text("answer = 42\n")
    (source / "setup.py").write_text(
        "from setuptools import setup\n"
        f"setup(name='tiny', version='1.0', py_modules=['tiny'], setup_requires={asked})\n"
    )
    path = folder / "tiny-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source, source.name)
    return path


def render(folder: Path, asked: str) -> Recipe:
    """Return the recipe of an image that holds that package, with the tools of a real one."""
    copy = folder / "images"
    shutil.copytree(CHECKOUT, copy)
    shutil.copytree(copy / "tensorflow/tensorflow-1.0.0", copy / "tiny/tiny-1.0")
    archive = write_archive(folder / "links", asked)
    lock = copy / "tiny/tiny-1.0/requirements.txt"
    pins = requirements.parse(lock.read_text())
    kept = [one.text for one in pins if one.name in {"setuptools", "wheel", "pip"}]
    mine = f"tiny==1.0 --hash=sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"
    lock.write_text("\n".join(["--no-binary tiny", mine, *kept, ""]))
    (copy / "tiny/tiny-1.0/verify").write_text("import tiny\nprint(tiny.answer)\n")
    settings = read_settings()
    links = (*settings.find_links, str(archive.parent))
    return images.render(
        IMAGE,
        framework_name="tiny",
        device="cpu",
        images_folder=copy,
        settings=replace(settings, find_links=links),
    )


def test_a_source_archive_is_built_and_installed(engine: DockerEngine, tmp_path: Path) -> None:
    built = images.ensure(engine, render(tmp_path, "[]"), print)
    assert built.verified == "42"
    assert built.packages["tiny"] == "1.0"


def test_one_that_asks_for_more_at_its_build_gets_nothing(
    engine: DockerEngine, tmp_path: Path
) -> None:
    lines: list[str] = []
    with pytest.raises(ImageError, match="could not be built"):
        images.ensure(engine, render(tmp_path, "['six']"), lines.append)
    said = "\n".join(lines)
    assert "Could not find suitable distribution for Requirement.parse('six')" in said
