import hashlib
from pathlib import Path

import pytest

from dlbench import jars
from dlbench.jars import Jar

A = "a" * 64
CHECKOUT = Path(__file__).parents[2] / "images"


def test_a_lock_is_read_as_it_was_written() -> None:
    some = [
        Jar(path="org/b/c/1.0/c-1.0-linux-x86_64.jar", sha256="b" * 64, size_bytes=7),
        Jar(path="org/a/b/2/b-2.jar", sha256=A, size_bytes=12),
    ]
    text = jars.write(some)
    assert text.splitlines()[0] == f"{A} 12 org/a/b/2/b-2.jar"
    assert jars.parse("# made\n\n" + text) == some[::-1]


def test_a_jar_is_named_as_maven_names_it() -> None:
    text = f"{A} 1 org/a/b/2-M2.1/b-2-M2.1.jar\n{A} 1 org/a/b/2-M2.1/b-2-M2.1-linux-x86_64.jar\n"
    assert jars.pins(text) == {"org.a:b": "2-M2.1", "org.a:b:linux-x86_64": "2-M2.1"}


@pytest.mark.parametrize(
    "line",
    [
        "org/a/b/2/b-2.jar",
        f"{A} org/a/b/2/b-2.jar",
        f"{A} 1 b-2.jar",
        f"{A[1:]} 1 org/a/b/2/b-2.jar",
        f"{A} 1 org/../../b/2/b-2.jar",
        f"{A} 1 /org/a/b/2/b-2.jar",
    ],
)
def test_a_line_that_locks_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is not a sha256, a size and a path"):
        jars.parse(line)


def test_a_folder_is_surveyed(tmp_path: Path) -> None:
    path = tmp_path / "org/a/b/2/b-2.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"classes")
    path.with_suffix(".pom").write_text("<project/>")
    (only,) = jars.survey(tmp_path)
    digest = hashlib.sha256(b"classes").hexdigest()
    assert only == Jar(path="org/a/b/2/b-2.jar", sha256=digest, size_bytes=7)


@pytest.mark.parametrize(
    "path", sorted(CHECKOUT.rglob(jars.LOCK)), ids=lambda path: path.parent.name
)
def test_every_lock_of_the_checkout_has_the_version_of_its_image(path: Path) -> None:
    framework, version = path.parent.name.split("-", 1)
    pins = jars.pins(path.read_text("utf-8"))
    assert version in {pins.get(f"org.{framework}:{framework}-{part}") for part in ("nn", "core")}
    assert (path.parent / jars.SOURCE).is_file()
    names = [jar.path.rpartition("/")[2] for jar in jars.parse(path.read_text("utf-8"))]
    assert len(set(names)) == len(names), "they lie in one folder of the image"
