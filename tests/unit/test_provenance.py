import subprocess
from pathlib import Path

import pytest

from dlbench.provenance import Inquiry, ask_git, find_provenance, read_status


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_checkout_says_its_revision_and_whether_it_was_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_status(ask_git(tmp_path)) == (None, None)
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    revision = git(tmp_path, "rev-parse", "HEAD")
    assert read_status(ask_git(tmp_path)) == (revision, False)
    (tmp_path / "file").write_text("two")
    assert read_status(ask_git(tmp_path)) == (revision, True)
    git(tmp_path, "checkout", "-q", "file")
    (tmp_path / "new").write_text("")
    assert read_status(ask_git(tmp_path)) == (revision, True)


def test_no_checkout_says_nothing(tmp_path: Path) -> None:
    assert ask_git(tmp_path) == ""
    assert read_status("") == (None, None)


def test_a_machine_without_git_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_git(tmp_path) == ""


def test_the_command_line_is_kept() -> None:
    assert Inquiry().answer(["dlbench", "run"]).command_line == ("dlbench", "run")
    assert find_provenance(()).command_line == ()
