"""The script that puts an image's jars in place, as the build stage runs it."""

import hashlib
import io
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "images/install/jars"


def pack(**files: bytes) -> bytes:
    """Return a jar."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


CLASSES = pack(a=b"class")
NATIVES = pack(**{"org__x__libone.so": b"one", "org__x__libblas.so.3": b"slow", "META": b""})
LOCKED = {
    "org/a/b/1/b-1.jar": CLASSES,
    "org/a/b/1/b-1-linux.jar": NATIVES,
    "org/a/c/1/c-1-empty.jar": pack(META=b""),
    "org/a/d/1/d-1.jar": pack(**{"linux__libother.so": b"of a whole jar"}),
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, in a build context of its own, its repository a folder there."""
    work = tmp_path / "work"
    (work / "secrets/jars").mkdir(parents=True)
    (work / "secrets/repository").write_text("")
    lock = "# made by hand\n"
    for path, content in LOCKED.items():
        local = work / "secrets/jars" / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        lock += f"{hashlib.sha256(content).hexdigest()} {len(content)} {path}\n"
    (work / "jars.txt").write_text(lock)
    (work / "links.txt").write_text("libblas.so.3 -> libone.so\n")
    monkeypatch.chdir(work)
    module = ModuleType("install_jars")
    SourceFileLoader("install_jars", str(SCRIPT)).exec_module(module)
    vars(module).update(JARS=str(tmp_path / "jars"), NATIVES=str(tmp_path / "natives"), ATTEMPTS=1)
    return module


def test_jars_lie_beside_each_other_and_natives_flat(script: ModuleType, tmp_path: Path) -> None:
    script.main()
    assert sorted(path.name for path in (tmp_path / "jars").iterdir()) == [
        "b-1.jar",
        "c-1-empty.jar",
        "d-1.jar",
    ]
    natives = tmp_path / "natives"
    assert sorted(path.name for path in natives.iterdir()) == ["libblas.so.3", "libone.so"]
    assert (natives / "libblas.so.3").read_bytes() == b"one"


def test_another_content_than_locked_ends_the_build(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("secrets/jars/org/a/b/1/b-1.jar").write_bytes(CLASSES[:-1] + b"!")
    with pytest.raises(SystemExit):
        script.main()
    assert "org/a/b/1/b-1.jar: it has" in capsys.readouterr().out
    assert not (tmp_path / "jars/b-1.jar").exists()


def test_a_jar_that_nobody_has_is_named(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("secrets/jars/org/a/b/1/b-1.jar").unlink()
    with pytest.raises(SystemExit):
        script.main()
    said = capsys.readouterr().out
    assert "org/a/b/1/b-1.jar: no Maven repository is known that has it" in said
    assert "--maven-repository names one" in said


def test_jars_come_from_the_repository(script: ModuleType, tmp_path: Path) -> None:
    repository = Path("secrets/jars").rename(tmp_path / "repository")
    Path("secrets/repository").write_text(repository.as_uri() + "/\n")
    script.main()
    assert (tmp_path / "jars/b-1.jar").read_bytes() == CLASSES
    assert (tmp_path / "natives/libone.so").read_bytes() == b"one"


def test_a_repository_without_a_jar_is_told(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("secrets/jars").rename(tmp_path / "repository")
    (tmp_path / "repository/org/a/b/1/b-1.jar").unlink()
    Path("secrets/repository").write_text((tmp_path / "repository").as_uri())
    with pytest.raises(SystemExit):
        script.main()
    assert "org/a/b/1/b-1.jar: the Maven repository does not answer" in capsys.readouterr().out


def test_a_link_to_nothing_ends_the_build(script: ModuleType) -> None:
    Path("links.txt").write_text("libone.so.1 -> libnone.so\n")
    with pytest.raises(FileNotFoundError):
        script.main()
