"""Virtual environments made from pins, here from wheels that the test writes itself."""

from __future__ import annotations

import base64
import hashlib
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from build_recipes import make_recipe
from engine_runs import make_spec, read_log
from msgspec.structs import replace

from dlbench import interpreter, venv_builds, venv_install
from dlbench.engine import Recipe
from dlbench.errors import ImageError
from dlbench.interpreter import Interpreter
from dlbench.venv_engine import VenvEngine

HERE = "{}.{}".format(*sys.version_info[:2])
INVENTORY = (
    b"import json\nfrom importlib.metadata import distributions\n"
    b"found = {d.metadata['Name']: d.version for d in distributions()}\n"
    b"print(json.dumps({'packages': found, 'system_packages': {}}))\n"
)


#: Builds a wheel by handing out the one that lies in the source archive.
BACKEND = (
    "import glob, shutil\n"
    "def build_wheel(folder, settings=None, metadata=None):\n"
    "    (name,) = glob.glob('*.whl')\n"
    "    shutil.copy(name, folder)\n"
    "    return name\n"
)


def write_wheel(
    folder: Path, tag: str = "py3-none-any", name: str = "tiny", code: str = "answer = 42\n"
) -> Path:
    """Write a wheel with one module ``name``."""
    path = folder / f"{name}-1.0-{tag}.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = [f"{file},{hash_of(text)},{len(text)}\n" for file, text in files.items()]
    files[f"{info}/RECORD"] = "".join(rows) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


def write_source_archive(folder: Path) -> Path:
    """Write the source archive of ``tiny``, which the module ``forge`` builds."""
    source = folder / "tiny-1.0"
    source.mkdir()
    write_wheel(source)
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["forge"]\nbuild-backend = "forge"\n'
    )
    path = folder / "tiny-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source, source.name)
    return path


def hash_of(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def hashed(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tiny_recipe(wheel: Path, digest: str = "", **changes: Any) -> Recipe:
    """Return a recipe that pins ``wheel``, which alone its pip is shown."""
    digest = digest or hashed(wheel)
    conf = b"[global]\nno-index = true\nfind-links = secrets/links\n"
    files = {
        "requirements.txt": f"tiny==1.0 --hash=sha256:{digest}\n".encode(),
        "inventory": INVENTORY,
        "verify": b"import tiny; print(tiny.answer)\n",
    }
    recipe = make_recipe(files=files, python_version=HERE)
    secrets: dict[str, bytes | Path] = {
        "secrets/pip.conf": conf,
        f"secrets/links/{wheel.name}": wheel,
    }
    return replace(recipe, secrets=secrets, **changes)


@pytest.fixture
def engine(tmp_path: Path) -> VenvEngine:
    return VenvEngine(tmp_path / "environments")


def build(engine: VenvEngine, recipe: Recipe) -> list[str]:
    lines: list[str] = []
    engine.build_image(recipe, lines.append)
    return lines


def test_an_environment_is_built_found_and_used(tmp_path: Path, engine: VenvEngine) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path))
    assert engine.find_image(recipe) is None
    lines = build(engine, recipe)
    assert "42" in lines
    built = engine.find_image(recipe)
    assert built is not None
    assert built.pinned
    assert built.packages["tiny"] == "1.0"
    assert built.verified == "42"
    assert built.size_bytes > 0
    assert engine.verify_image(recipe, lines.append) == built
    spec = make_spec(tmp_path, built, "import tiny; print(tiny.answer)")
    assert engine.execute(spec).code == 0
    assert read_log(spec) == "42\n"


def test_what_is_there_is_not_made_again(tmp_path: Path, engine: VenvEngine) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path))
    build(engine, recipe)
    assert build(engine, recipe) == []


def test_no_network_setting_stays(tmp_path: Path, engine: VenvEngine) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path))
    build(engine, recipe)
    assert not list((tmp_path / "environments").rglob("secrets"))


def test_a_source_archive_is_built_by_the_tools_of_the_lock(
    tmp_path: Path, engine: VenvEngine
) -> None:
    forge = write_wheel(tmp_path, name="forge", code=BACKEND)
    archive = write_source_archive(tmp_path)
    pins = [
        f"{path.name.partition('-')[0]}==1.0 --hash=sha256:{hashed(path)}\n"
        for path in (forge, archive)
    ]
    files = {
        "tools.txt": pins[0].encode(),
        "requirements.txt": "".join(["--no-binary tiny\n", *pins]).encode(),
        "inventory": INVENTORY,
        "verify": b"import tiny; print(tiny.answer)\n",
    }
    secrets: dict[str, bytes | Path] = {
        "secrets/pip.conf": b"[global]\nno-index = true\nfind-links = secrets/links\n",
        f"secrets/links/{forge.name}": forge,
        f"secrets/links/{archive.name}": archive,
    }
    recipe = replace(make_recipe(files=files, python_version=HERE), secrets=secrets)
    assert "42" in build(engine, recipe)


def test_a_wrong_hash_is_refused(tmp_path: Path, engine: VenvEngine) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path), digest="0" * 64)
    with pytest.raises(ImageError, match="DO NOT MATCH THE HASHES") as caught:
        build(engine, recipe)
    assert "other files than those that were locked" in caught.value.hint
    assert engine.find_image(recipe) is None
    assert not [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]


def test_an_environment_that_fails_its_verify_is_none(tmp_path: Path, engine: VenvEngine) -> None:
    wheel = write_wheel(tmp_path)
    files = {"verify": b"raise SystemExit('wrong kernels')\n", "inventory": INVENTORY}
    recipe = make_recipe(files=files, python_version=HERE)
    recipe = replace(recipe, secrets=tiny_recipe(wheel).secrets)
    with pytest.raises(ImageError, match=r"verify failed \(exit code 1\):\n  \| wrong kernels"):
        build(engine, recipe)
    assert engine.find_image(recipe) is None


def test_a_local_wheel_makes_it_unpinned(tmp_path: Path, engine: VenvEngine) -> None:
    wheel = write_wheel(tmp_path)
    recipe = tiny_recipe(wheel)
    lockless = make_recipe(
        files={"verify": b"import tiny; print(tiny.answer)\n", "inventory": INVENTORY},
        python_version=HERE,
        wheels=(wheel,),
    )
    build(engine, replace(lockless, secrets=recipe.secrets))
    built = engine.find_image(lockless)
    assert built is not None
    assert not built.pinned
    assert built.packages["tiny"] == "1.0"


def test_no_wheel_for_the_versions_that_are_here(
    tmp_path: Path, engine: VenvEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = interpreter.read_interpreter(sys.executable)
    monkeypatch.setattr(venv_builds, "find_interpreters", lambda _: [found])
    recipe = tiny_recipe(write_wheel(tmp_path, "cp35-cp35m-win32"), python_version="3.5")
    with pytest.raises(ImageError) as caught:
        build(engine, recipe)
    assert caught.value.message == (
        f"no wheel for Python {found.version}: test-1.0 needs Python 3.5"
    )
    assert "--engine docker" in caught.value.hint


def test_another_version_where_the_pins_install_is_unpinned(
    tmp_path: Path, engine: VenvEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = interpreter.read_interpreter(sys.executable)
    monkeypatch.setattr(venv_builds, "find_interpreters", lambda _: [found])
    recipe = tiny_recipe(write_wheel(tmp_path), python_version="3.5")
    build(engine, recipe)
    built = engine.find_image(recipe)
    assert built is not None
    assert not built.pinned


def test_no_interpreter_at_all(
    tmp_path: Path, engine: VenvEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv_builds, "find_interpreters", lambda _: [])
    recipe = tiny_recipe(write_wheel(tmp_path), python_version="2.7")
    with pytest.raises(ImageError, match=r"test-1.0 needs Python 2.7, and none was found"):
        build(engine, recipe)


def test_a_host_without_pip_lets_the_environment_bring_one(
    tmp_path: Path, engine: VenvEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv_install, "has_pip", lambda: False)
    recipe = tiny_recipe(write_wheel(tmp_path))
    build(engine, recipe)
    built = engine.find_image(recipe)
    assert built is not None
    assert {"tiny", "pip"} <= set(built.packages)


def test_an_interpreter_without_venv_falls_back_on_virtualenv(tmp_path: Path) -> None:
    """The steps for a Python that has no venv module, with nothing really fetched."""
    steps: list[tuple[str, ...]] = []

    def step(*command: str) -> None:
        steps.append(command)
        if "venv" in command:
            raise venv_install.InstallError("no venv", ["No module named venv"])

    old = Interpreter(path="/opt/python2.7", version="2.7.18", packages={})
    pip = venv_install.create(old, tmp_path / "env", tmp_path, step)
    assert pip == (str(tmp_path / "env/bin/python"), "-m", "pip")
    assert venv_install.VIRTUALENV in steps[0]
    assert "/opt/python2.7" in steps[1]
    new = Interpreter(path="/usr/bin/python3", version="3.11.2", packages={})
    steps.clear()
    venv_install.create(new, tmp_path / "env", tmp_path, step)
    assert [command[2] for command in steps[:2]] == ["venv", "venv"]
    assert venv_install.VIRTUALENV in steps[2]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    engine = VenvEngine(tmp_path / "file" / "environments")
    with pytest.raises(ImageError, match="environments cannot be made in") as caught:
        build(engine, tiny_recipe(write_wheel(tmp_path)))
    assert "DLBENCH_CACHE" in caught.value.hint


def test_what_an_interrupted_build_left_is_made_again(tmp_path: Path, engine: VenvEngine) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path))
    build(engine, recipe)
    built = engine.find_image(recipe)
    assert built is not None
    (Path(built.engine_id) / venv_builds.FACTS).unlink()
    assert engine.find_image(recipe) is None
    assert build(engine, recipe) != []
    assert engine.find_image(recipe) == built


def test_an_environment_whose_interpreter_is_gone_is_none(
    tmp_path: Path, engine: VenvEngine
) -> None:
    recipe = tiny_recipe(write_wheel(tmp_path))
    build(engine, recipe)
    built = engine.find_image(recipe)
    assert built is not None
    Path(built.python).unlink()
    assert engine.find_image(recipe) is None


def test_the_user_s_own_interpreter_stands_for_every_image(tmp_path: Path) -> None:
    engine = VenvEngine(tmp_path, python=sys.executable)
    recipe = make_recipe()
    built = engine.find_image(recipe)
    assert built is not None
    assert built == engine.build_image(recipe, lambda _: None)
    assert not built.pinned
    assert built.python == sys.executable
    assert "pytest" in built.packages
