"""The wheels hold everything that a user without a checkout needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path.parent for path in CHECKOUT.glob("plugins/*/pyproject.toml"))

#: Folders of the checkout, and where the wheel of dlbench has them.
FOLDERS = {
    "dlbench": "dlbench",
    "images": "dlbench/_bundled/images",
    "scenarios": "dlbench/_bundled/scenarios",
    "studies": "dlbench/_bundled/studies",
}


def build_wheel(project: Path, into: Path) -> Path:
    """Build a wheel with what is installed, from nothing else."""
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(into)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", *options, str(project)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    (wheel,) = into.glob("*.whl")
    return wheel


def files_below(folder: Path) -> dict[str, Path]:
    """Return every file of a folder by its path within; compiled Python is none of them."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of dlbench."""
    return build_wheel(CHECKOUT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the wheel is installed, without what it depends on."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--no-compile", "--target", str(target)]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *options, str(wheel)], check=True
    )
    return target


def run_installed(installed: Path, *words: str) -> str:
    """Run dlbench from the installed wheel, in a folder that is no checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "DLBENCH_CACHE": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", *words],
        cwd=installed,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wheel_has_every_file_as_it_is(wheel: Path, folder: str) -> None:
    source = files_below(CHECKOUT / folder)
    assert source
    with zipfile.ZipFile(wheel) as archive:
        prefix = FOLDERS[folder] + "/"
        packed = {
            entry.filename.removeprefix(prefix): entry
            for entry in archive.infolist()
            if entry.filename.startswith(prefix)
            and (folder != "dlbench" or "/_bundled/" not in entry.filename)
        }
        assert sorted(packed) == sorted(source)
        for name, path in source.items():
            assert archive.read(packed[name]) == path.read_bytes(), name
            mode = packed[name].external_attr >> 16
            assert bool(mode & 0o111) == os.access(path, os.X_OK), name


def test_installing_keeps_executable_files_executable(installed: Path) -> None:
    executable = {
        name for name, path in files_below(CHECKOUT / "images").items() if os.access(path, os.X_OK)
    }
    assert executable
    for name in executable:
        assert os.access(installed / "dlbench" / "_bundled" / "images" / name, os.X_OK), name


def test_the_installed_copy_finds_what_it_brings(installed: Path) -> None:
    script = (
        "from dlbench.cli.workspace import open_workspace as o; "
        "import json; w = o(); "
        "print(json.dumps(list(map(str, [w.images, *w.scenarios, *w.studies]))))"
    )
    bundle = installed / "dlbench" / "_bundled"
    found = json.loads(run_installed(installed, "-c", script))
    assert found == [str(bundle / name) for name in ("images", "scenarios", "studies")]
    rows = json.loads(run_installed(installed, "-m", "dlbench", "data", "list", "--json"))
    assert {"mnist", "fashion-mnist"} <= {row["name"] for row in rows}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_brings_its_adapters_and_entry_point(plugin: Path, tmp_path: Path) -> None:
    (package,) = plugin.glob("dlbench_*/__init__.py")
    source = files_below(package.parent)
    assert any(name.startswith("adapter") for name in source)
    with zipfile.ZipFile(build_wheel(plugin, tmp_path)) as archive:
        names = archive.namelist()
        assert {f"{package.parent.name}/{name}" for name in source} <= set(names)
        (entry_points,) = (name for name in names if name.endswith("/entry_points.txt"))
        assert "[dlbench]" in archive.read(entry_points).decode()
    assert not any("__pycache__" in name for name in names)
