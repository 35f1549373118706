"""Images with jars: fetched by their lock alone, natives laid flat, and nothing else kept."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest
from container_fixtures import IMAGES
from msgspec.structs import replace

from dlbench import images, jars
from dlbench.build_settings import read_settings
from dlbench.docker_engine import DockerEngine
from dlbench.engine import Recipe
from dlbench.errors import ImageError
from dlbench.framework import Image

pytest_plugins = ["container_fixtures"]
pytestmark = pytest.mark.docker

IMAGE = Image(id="jarred-1.0-M1", versions={"jarred": "1.0-M1"}, stack="2026")
DOCKERFILE = """FROM bookworm-python3.11 AS build
WORKDIR /build
COPY . .
RUN ./install-jars && ./install
FROM bookworm-python3.11
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/natives /opt/natives
COPY --from=build /opt/jars /opt/jars
COPY requirements.txt wheels.txt jars.txt verify /opt/dlbench/
COPY inventory /opt/dlbench/packages.py
COPY jar-inventory /opt/dlbench/inventory
"""
VERIFY = """import os
print(sorted(os.listdir("/opt/jars")), open("/opt/natives/libfast.so.0").read())
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder laid out as Maven does it: classes, and what of them is native on one platform."""
    folder = tmp_path / "repository/org/soft/jarred/1.0-M1"
    folder.mkdir(parents=True)
    for name, inside in (("", "Soft.class"), ("-linux-x86_64", "org/soft/libreal.so.0")):
        with zipfile.ZipFile(folder / f"jarred-1.0-M1{name}.jar", "w") as jar:
            jar.writestr(inside, f"content of {inside}")
    return tmp_path / "repository"


def render(repository: Path) -> Recipe:
    """Return the recipe of an image with these jars, whose digest is of this test alone."""
    copy = repository.parent / "images"
    shutil.copytree(IMAGES, copy)
    folder = copy / "jarred/jarred-1.0-M1"
    folder.mkdir(parents=True)
    marker = hashlib.sha256(str(repository).encode()).hexdigest()
    files = {
        "Dockerfile": DOCKERFILE,
        "requirements.txt": (copy / "numpy/numpy-2.4.6/requirements.txt").read_text(),
        "verify": f"{VERIFY}# {marker}\n",
        "links.txt": "libfast.so.0 -> libreal.so.0\n",
        jars.LOCK: jars.write(jars.survey(repository)),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = replace(read_settings(), maven_repository=str(repository))
    return images.render(
        IMAGE, framework_name="jarred", device="cpu", images_folder=copy, settings=settings
    )


def test_jars_and_natives_lie_where_java_looks(engine: DockerEngine, repository: Path) -> None:
    built = images.ensure(engine, render(repository), print)
    assert built.verified == "['jarred-1.0-M1.jar'] content of org/soft/libreal.so.0"
    assert built.packages["org.soft:jarred"] == "1.0-M1"
    assert built.tag.startswith("dlbench/jarred-1.0-m1:cpu-")


def test_a_jar_that_was_changed_is_not_installed(engine: DockerEngine, repository: Path) -> None:
    recipe = render(repository)
    jar = repository / "org/soft/jarred/1.0-M1/jarred-1.0-M1.jar"
    jar.write_bytes(jar.read_bytes()[:-1] + b"!")
    with pytest.raises(ImageError, match=r"org/soft/jarred/1\.0-M1/jarred-1\.0-M1\.jar: it has"):
        images.ensure(engine, recipe, print)
