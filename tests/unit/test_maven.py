import os
import zipfile
from pathlib import Path

import pytest

from dlbench import maven
from dlbench.build_settings import BuildSettings
from dlbench.errors import ImageError, UsageError

LOCK = f"{'a' * 64} 3 org/a/b/2/b-2.jar\n"
MIRROR = "<mirror><id>m</id><mirrorOf>{}</mirrorOf><url>{}</url>{}</mirror>"
SUPER = (
    '<project xmlns="model"><repositories><repository><id>central</id><url>its-own</url>'
    "</repository></repositories></project>"
)
#: Stands in for Maven: keeps what it was told, and lays out one jar.
MVN = """#!/bin/sh
for word in "$@"; do
    case $word in
    -DoutputDirectory=*) out=${word#*=} ;;
    --settings) settings=yes ;;
    *) last=$word ;;
    esac
done
printf '%s\\n' "$@" > "$CALLED"
[ -z "${settings:-}" ] || cp "$last" "$CALLED.xml"
if grep -q impossible "$(dirname "$out")/pom.xml"; then
    echo '[INFO] some words'
    echo '[ERROR] not found'
    exit 1
fi
mkdir -p "$out/org/a/b/2" && printf abc > "$out/org/a/b/2/b-2.jar"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a path without Maven."""
    for name in ("MAVEN_HOME", "M2_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(maven, "DEBIAN", tmp_path / "debian")
    return tmp_path


def write_settings(path: Path, *mirrors: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f'<settings xmlns="settings"><mirrors>{"".join(mirrors)}</mirrors></settings>'
    path.write_text(text)


def write_model(folder: Path, text: str) -> None:
    """Write the library of Maven's that has its default repository."""
    with zipfile.ZipFile(folder / "maven-model-builder-3.9.jar", "w") as archive:
        archive.writestr("org/apache/maven/model/pom-4.0.0.xml", text)


def install_maven(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install something that looks like Maven, and put it on the path."""
    root = folder / "maven"
    (root / "bin").mkdir(parents=True)
    (root / "lib").mkdir()
    (root / "bin/mvn").write_text(MVN)
    (root / "bin/mvn").chmod(0o755)
    write_model(root / "lib", SUPER)
    monkeypatch.setenv("PATH", f"{root / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("CALLED", str(folder / "called"))
    return root


def test_without_maven_and_settings_there_is_no_repository() -> None:
    assert maven.find_repository() == ""
    assert maven.secrets(BuildSettings(), LOCK) == {"secrets/repository": b""}


def test_a_library_of_mavens_is_enough(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "debian").mkdir()
    write_model(home / "debian", SUPER.replace("its-own", "of-debian"))
    assert maven.find_repository() == "of-debian"
    install_maven(home, monkeypatch)
    assert maven.find_repository() == "its-own"


def test_settings_go_before_what_is_installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = install_maven(home, monkeypatch)
    assert maven.find_repository() == "its-own"
    write_settings(root / "conf/settings.xml", MIRROR.format("*", "of-all-users", ""))
    assert maven.find_repository() == "of-all-users"
    write_settings(home / ".m2/settings.xml", MIRROR.format("central", "mine", ""))
    assert maven.find_repository() == "mine"
    given = BuildSettings(maven_repository="https://given.example/")
    assert maven.secrets(given, LOCK) == {"secrets/repository": b"https://given.example/"}


def test_a_home_of_maven_is_asked_though_it_is_not_on_the_path(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = install_maven(home, monkeypatch)
    assert maven.find_repository({"MAVEN_HOME": str(root)}) == "its-own"
    monkeypatch.setenv("PATH", "/nonexistent")
    assert maven.find_repository(os.environ) == ""
    assert maven.find_repository({"MAVEN_HOME": str(root)}) == "its-own"


@pytest.mark.parametrize(
    "mirror",
    [
        MIRROR.format("external:http:*", "not-this", ""),
        MIRROR.format("somebody", "not-this", ""),
        MIRROR.format("*,!central", "not-this", ""),
        MIRROR.format("*", "not-this", "<blocked>true</blocked>"),
    ],
)
def test_mirrors_of_something_else_are_passed_over(home: Path, mirror: str) -> None:
    write_settings(home / ".m2/settings.xml", mirror, MIRROR.format("x, central", "this", ""))
    assert maven.find_repository() == "this"


def test_settings_that_are_no_xml_are_named(home: Path) -> None:
    (home / ".m2").mkdir()
    (home / ".m2/settings.xml").write_text("<settings>")
    with pytest.raises(UsageError, match=r"settings\.xml are not readable"):
        maven.find_repository()


def test_of_a_folder_the_locked_jars_are_taken(home: Path) -> None:
    jar = home / "repository/org/a/b/2/b-2.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"abc")
    jar.with_name("c-2.jar").write_bytes(b"other")
    for address in (jar.parents[4].as_uri(), "~/repository"):
        found = maven.secrets(BuildSettings(maven_repository=address), LOCK)
        assert found == {"secrets/repository": b"", "secrets/jars/org/a/b/2/b-2.jar": jar}


def test_a_project_is_resolved_to_its_jars(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_maven(home, monkeypatch)
    source = home / "pom.xml"
    source.write_text("<project/>")
    (only,) = maven.resolve(source, BuildSettings())
    assert (only.path, only.size_bytes) == ("org/a/b/2/b-2.jar", 3)
    assert "--settings" not in (home / "called").read_text()
    maven.resolve(source, BuildSettings(maven_repository="https://given.example/"))
    written = (home / "called.xml").read_text()
    assert "<mirrorOf>*</mirrorOf><url>https://given.example/</url>" in written


def test_what_maven_says_is_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = home / "pom.xml"
    source.write_text("<project>impossible</project>")
    with pytest.raises(ImageError, match="Maven is not installed"):
        maven.resolve(source, BuildSettings())
    install_maven(home, monkeypatch)
    with pytest.raises(ImageError, match=r"cannot be resolved:\n\[ERROR\] not found$"):
        maven.resolve(source, BuildSettings())
