"""``images/inventory`` runs inside images; here it runs on this interpreter's own packages."""

import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "images/inventory"
HASH = " --hash=sha256:" + "0" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SCRIPT, tmp_path)
    names = {item.metadata["Name"]: item.version for item in metadata.distributions()}
    lock = "".join(f"{name}=={version}{HASH}\n" for name, version in names.items())
    (tmp_path / "requirements.txt").write_text(lock)
    (tmp_path / "wheels.txt").write_text("")
    return tmp_path


def take(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "inventory")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_packages_as_locked_are_printed(folder: Path) -> None:
    done = take(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["packages"]["pytest"] == metadata.version("pytest")


def test_every_difference_is_named(folder: Path) -> None:
    lock = folder / "requirements.txt"
    lines = lock.read_text().splitlines()
    lines = [line for line in lines if not line.startswith("pytest==")]
    lines.append(f"gone==1{HASH}")
    lines.append(f"elsewhere==1 ; sys_platform == 'win32'{HASH}")
    text = "\n".join(lines)
    lock.write_text(text.replace(f"pluggy=={metadata.version('pluggy')}", "pluggy==0.1"))
    done = take(folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "gone 1 is missing",
        f"pluggy is {metadata.version('pluggy')}, locked 0.1",
        f"pytest {metadata.version('pytest')} is not in the lock",
    ]


def test_local_wheels_need_no_lock(folder: Path) -> None:
    lock = folder / "requirements.txt"
    kept = [line for line in lock.read_text().splitlines() if not line.startswith("pytest==")]
    lock.write_text("\n".join(kept))
    (folder / "wheels.txt").write_text("pytest-9-py3-none-any.whl sha256:1\n")
    assert take(folder).returncode == 0
