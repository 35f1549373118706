import dataclasses
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from dlbench import jars, locks, maven, requirements, uv
from dlbench.build_settings import BuildSettings
from dlbench.engine import BuiltImage, Engine, ImageKeeper, Recipe
from dlbench.errors import ImageError
from dlbench.framework import Image
from dlbench.jars import Jar

IMAGE = Image(id="soft-1.0", versions={"soft": "1.0"}, stack="2026", python_version="3.11")
A, B = "a" * 64, "b" * 64

#: Stands in for uv: writes how it was called, and locks what the file asks for.
UV = f"""#!/bin/sh
printf '%s\\n' "$@" > "$CALLED"
for file in "$@"; do :; done
grep -q impossible "$file" && {{ echo 'no solution found' >&2; exit 1; }}
sed 's/$/ --hash=sha256:{A} --hash=sha256:{B}/' "$file"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "uv"
    program.write_text(UV)
    program.chmod(0o755)
    monkeypatch.setattr(uv, "_find_program", lambda: str(program))
    monkeypatch.setenv("CALLED", str(tmp_path / "called"))
    files = {
        "bases/tiny/base.yaml": "summary: s\nsuite: b\ninstall: i\npackages: [a]\n",
        "bases/old/base.yaml": "summary: s\nsuite: b\ninstall: i\nresolve: r\npackages: [a]\n",
        "install/r": "#!/bin/sh\n",
        "soft/soft-1.0/Dockerfile": "FROM tiny\n",
        "soft/soft-1.0/requirements.in": "soft==1.0\n",
    }
    for name, text in files.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "images"


def locker(
    folder: Path, engine: Callable[[], Engine] | None = None, **settings: object
) -> locks.Locker:
    return locks.Locker(
        images_folder=folder,
        settings=BuildSettings(**settings),  # type: ignore[arg-type]
        engine=engine or Mock(side_effect=AssertionError("no engine is needed")),
        on_line=lambda _: None,
    )


def test_lock_is_written_with_what_changed(folder: Path) -> None:
    path = folder / "soft/soft-1.0/requirements.txt"
    path.write_text(f"soft==0.9 --hash=sha256:{A}\n")
    made = locker(folder).lock_image(IMAGE, "soft", "cpu")
    assert made == locks.Relocked(path=path, changes=("soft is 1.0, locked 0.9",))
    (soft,) = requirements.parse(path.read_text())
    assert soft.hashes == (f"sha256:{A}", f"sha256:{B}")
    assert path.read_text().startswith("# Made by dlbench images lock out of requirements.in")


def test_uv_gets_the_users_settings(folder: Path, tmp_path: Path) -> None:
    pip = {"index-url": "index", "extra-index-url": "one two", "trusted-host": "h"}
    locker(folder, pip=pip, find_links=("wheels",)).lock_image(IMAGE, "soft", "cpu")
    called = (tmp_path / "called").read_text().splitlines()
    wanted = {
        "--default-index=index",
        "--index=one",
        "--index=two",
        "--allow-insecure-host=h",
        "--find-links=wheels",
        "--generate-hashes",
        "--no-emit-index-url",
        "--python-version=3.11",
    }
    assert wanted <= set(called)
    assert called[-1] == "requirements.in"


def test_a_device_has_its_own_lock_where_it_has_its_own_source(folder: Path) -> None:
    (folder / "soft/soft-1.0/requirements.cuda.in").write_text("soft-cuda==1.0\n")
    made = locker(folder).lock_image(IMAGE, "soft", "cuda")
    assert made.path.name == "requirements.cuda.txt"
    assert locker(folder).lock_image(IMAGE, "soft", "cpu").path.name == "requirements.txt"


def test_what_cannot_be_resolved_is_explained_and_changes_nothing(folder: Path) -> None:
    path = folder / "soft/soft-1.0/requirements.txt"
    path.write_text(f"soft==0.9 --hash=sha256:{A}\n")
    (folder / "soft/soft-1.0/requirements.in").write_text("impossible==1\n")
    with pytest.raises(ImageError, match="no solution found"):
        locker(folder).lock_image(IMAGE, "soft", "cpu")
    assert requirements.pins(path.read_text()) == {"soft": "0.9"}


def test_old_interpreters_are_resolved_inside_their_base(folder: Path) -> None:
    (folder / "soft/soft-1.0/Dockerfile").write_text("FROM old\n")
    built: list[Recipe] = []

    def build(recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        built.append(recipe)
        names = ["soft-1.0-py2-none-any.whl", "dep-2.0-cp27-cp27mu-manylinux1_x86_64.whl"]
        return BuiltImage(
            image_id=recipe.image_id,
            device="cpu",
            tag=recipe.tag,
            digest=recipe.digest,
            engine_id="1",
            python="python",
            verified="".join(f"{A}  {name}\n" for name in names),
        )

    engine = Mock(spec=_Keeper)
    engine.build_image.side_effect = build
    image = dataclasses.replace(IMAGE, python_version="2.7")
    made = locker(folder, lambda: engine).lock_image(image, "soft", "cpu")
    assert requirements.pins(made.path.read_text()) == {"soft": "1.0", "dep": "2.0"}
    engine.remove_image.assert_called_once_with(built[0].tag)
    assert b"soft==1.0" in built[0].context


def test_a_file_that_the_index_does_not_list_is_refused(folder: Path) -> None:
    wheels = {"soft-1.0-py2-none-any.whl": "c" * 64}
    with pytest.raises(ImageError, match="does not list"):
        locks.list_files(wheels, BuildSettings())


def test_a_version_that_uv_cannot_list_keeps_the_file_that_was_resolved(folder: Path) -> None:
    text = locks.list_files({"impossible-1-cp27-none-any.whl": "c" * 64}, BuildSettings())
    (only,) = requirements.parse(text)
    assert (only.name, only.hashes) == ("impossible", ("sha256:" + "c" * 64,))


def test_a_source_archive_stands_alone(folder: Path) -> None:
    text = locks.list_files({"Old_Soft-0.9.tar.gz": A}, BuildSettings())
    (only,) = requirements.parse(text)
    assert (only.name, only.version, only.hashes) == ("old-soft", "0.9", ("sha256:" + A,))


def test_the_lock_says_what_is_built_from_source(folder: Path) -> None:
    (folder / "soft/soft-1.0/Dockerfile").write_text("FROM old\n")
    (folder / "soft/soft-1.0/requirements.in").write_text("--no-binary Soft\nsoft==1.0\n")
    engine = Mock(spec=_Keeper)
    engine.build_image.return_value = BuiltImage(
        image_id="soft-1.0",
        device="cpu",
        tag="t",
        digest="d",
        engine_id="1",
        python="python",
        verified=f"{A}  Soft-1.0.tar.gz\n",
    )
    image = dataclasses.replace(IMAGE, python_version="2.7")
    path = locker(folder, lambda: engine).lock_image(image, "soft", "cpu").path
    assert requirements.sources(path.read_text()) == {"soft"}
    assert requirements.pins(path.read_text()) == {"soft": "1.0"}


def test_jars_are_locked_where_they_are_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = folder / "soft/soft-1.0"
    assert locker(folder).lock_jars(IMAGE, "soft") is None
    (image / "pom.xml").write_text("<project/>")
    one = Jar(path="org/a/b/2/b-2.jar", sha256=A, size_bytes=3)
    monkeypatch.setattr(maven, "resolve", lambda source, settings: [one])
    made = locker(folder).lock_jars(IMAGE, "soft")
    assert made == locks.Relocked(
        path=image / "jars.txt", changes=("org.a:b 2 is not in the lock",)
    )
    assert jars.parse((image / "jars.txt").read_text()) == [one]


def test_missing_source_is_named(folder: Path) -> None:
    (folder / "soft/soft-1.0/requirements.in").unlink()
    with pytest.raises(ImageError, match=r"neither requirements\.cpu\.in nor requirements\.in"):
        locker(folder).lock_image(IMAGE, "soft", "cpu")


class _Keeper(Engine, ImageKeeper):
    """Both protocols, for a mock."""
