from __future__ import annotations

import gzip
import hashlib
import os
import stat
from pathlib import Path

import pytest

from dlbench import sources
from dlbench.errors import DataError
from dlbench.sources import (
    DebianPackage,
    NpmPackage,
    Progress,
    Site,
    fetch,
    label,
    last_complaint,
    npm_registry,
    tarball_address,
)

TARBALL = gzip.compress(b"a package")
PACKAGE = NpmPackage(package="tiny@1.2.3", bytes=10, sha256=hashlib.sha256(TARBALL).hexdigest())


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is the whole PATH, and a home without settings."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in list(os.environ):
        if name.lower().startswith("npm_config_"):
            monkeypatch.delenv(name)
    return folder


def write_program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def write_registry(folder: Path, content: bytes | None) -> str:
    """Write a registry that has these bytes as the tarball, or nothing; return its address."""
    stored = folder / "registry" / "tiny" / "-" / "tiny-1.2.3.tgz"
    stored.parent.mkdir(parents=True)
    if content is not None:
        stored.write_bytes(content)
    return (folder / "registry").as_uri()


def write_npm(programs: Path, folder: Path, content: bytes) -> None:
    """Write an npm that packs these bytes, and keeps what it was told in the file ``said``."""
    (folder / "packed").write_bytes(content)
    body = f'echo "$@" > {folder}/said; /bin/cp {folder}/packed tiny-1.2.3.tgz'
    write_program(programs, "npm", body)


def test_a_tarball_that_the_registry_hands_out_needs_no_npm(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npm(programs, tmp_path, TARBALL)
    monkeypatch.setenv("npm_config_registry", write_registry(tmp_path, TARBALL))
    told: list[int] = []
    paths = fetch(PACKAGE, [], tmp_path / "into", told.append)
    assert [path.read_bytes() for path in paths] == [TARBALL]
    assert told[-1] == len(TARBALL)
    assert not (tmp_path / "said").exists()


@pytest.mark.parametrize("handed_out", [None, b"another package"])
def test_npm_packs_what_the_registry_does_not_hand_out(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, handed_out: bytes | None
) -> None:
    write_npm(programs, tmp_path, TARBALL)
    monkeypatch.setenv("npm_config_registry", write_registry(tmp_path, handed_out))
    paths = fetch(PACKAGE, [], tmp_path / "into", lambda _done: None)
    assert [path.read_bytes() for path in paths] == [TARBALL]
    said = (tmp_path / "said").read_text().split()
    assert said[0] == "pack"
    assert "--ignore-scripts" in said
    assert said[-1] == "tiny@1.2.3"


@pytest.mark.parametrize(
    ("npm", "reason"),
    [
        ("", "npm is not installed"),
        ('echo "npm error code E500" >&2; exit 1', "npm: npm error code E500"),
        ("echo other > tiny-1.2.3.tgz", "tiny-1.2.3.tgz has sha256"),
        ("exit 0", "npm has fetched nothing"),
    ],
)
def test_both_ways_failing_are_both_named(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, npm: str, reason: str
) -> None:
    if npm:
        write_program(programs, "npm", npm)
    monkeypatch.setenv("npm_config_registry", write_registry(tmp_path, b"another package"))
    with pytest.raises(DataError) as caught:
        fetch(PACKAGE, [], tmp_path / "into", lambda _done: None)
    first, second = caught.value.message.split("; ")
    assert first.startswith("tiny-1.2.3.tgz has sha256")
    assert second.startswith(reason)
    assert not (tmp_path / "into" / "tiny-1.2.3.tgz").exists()


def test_a_site_may_hold_one_archive(tmp_path: Path) -> None:
    (tmp_path / "all.tar.gz").write_bytes(TARBALL)
    source = Site(address=tmp_path.as_uri(), archive="all.tar.gz", bytes=10)
    assert label(source) == f"{tmp_path.as_uri()}/all.tar.gz"
    paths = fetch(source, ["one", "other"], tmp_path / "into", lambda _done: None)
    assert paths == [tmp_path / "into" / "all.tar.gz"]
    assert paths[0].read_bytes() == TARBALL


def test_the_registry_is_that_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "NPM_SETTINGS", (tmp_path / "machine",))
    home = {"HOME": str(tmp_path)}
    assert npm_registry(home) is None
    (tmp_path / "machine").write_text("registry = 'https://machine.example/npm/'\n")
    assert npm_registry(home) == "https://machine.example/npm/"
    (tmp_path / ".npmrc").write_text("cache=x\n# registry=no\nregistry=https://user.example\n")
    assert npm_registry(home) == "https://user.example"
    assert npm_registry({**home, "NPM_CONFIG_REGISTRY": "https://env.example"}) == (
        "https://env.example"
    )


def test_a_tarball_lies_where_registries_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "NPM_SETTINGS", ())
    own = {"npm_config_registry": "https://own.example/npm/"}
    assert tarball_address("a@1.0", own) == "https://own.example/npm/a/-/a-1.0.tgz"
    assert tarball_address("@b/a@1.0", own) == "https://own.example/npm/@b/a/-/a-1.0.tgz"
    by_default = tarball_address("@b/a@1.0", {"HOME": str(tmp_path)})
    assert by_default.startswith("https://")
    assert by_default.endswith("/@b/a/-/a-1.0.tgz")


def test_stale_package_lists_are_fetched_anew(tmp_path: Path, programs: Path) -> None:
    body = f"""
    echo "$@" >> {tmp_path}/said
    case "$*" in
        *Dir::State::lists*download*) : > tiny_1_all.deb ;;
        *update*) ;;
        *) echo "E: Unable to locate package tiny" >&2; exit 100 ;;
    esac"""
    write_program(programs, "apt-get", body)
    into = tmp_path / "into"
    paths = fetch(DebianPackage(package="tiny", bytes=1), [], into, lambda _done: None)
    assert paths == [into / "tiny_1_all.deb"]
    said = (tmp_path / "said").read_text().splitlines()
    assert ["update" in line for line in said] == [False, True, False]
    assert f"Dir::State::lists={into / 'lists'}" in said[1]
    assert not (into / "lists").exists()


def test_where_there_is_no_apt_nothing_is_tried(tmp_path: Path, programs: Path) -> None:
    assert not list(programs.iterdir())
    with pytest.raises(DataError, match="apt-get is not installed"):
        fetch(DebianPackage(package="tiny", bytes=1), [], tmp_path / "into", lambda _done: None)


def test_a_package_manager_that_hangs_is_ended(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CLIENT_SECONDS", 0.2)
    write_program(programs, "npm", "exec /bin/sleep 60")
    with pytest.raises(DataError, match="npm: no end after 0 s"):
        sources.run_client(["npm"], tmp_path)


def test_the_complaint_that_says_most_is_kept() -> None:
    log = "npm warn old\nnpm error code ENOTFOUND\nnpm error network request failed\nnpm error log"
    assert last_complaint(log, 1) == "npm error network request failed"
    assert last_complaint("W: odd\nE: Unable to locate package x\n", 100) == (
        "E: Unable to locate package x"
    )
    assert last_complaint("", 7) == "exit status 7"


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(dataset="tiny", activity="unpacking"), "tiny: unpacking"),
        (Progress(dataset="tiny", activity="npm x", total_bytes=2_000_000), "tiny: npm x (2 MB)"),
        (
            Progress(dataset="tiny", activity="npm x", done_bytes=500, total_bytes=1000),
            "tiny: npm x (0 MB, 50 %)",
        ),
        (
            Progress(dataset="tiny", activity="npm x", done_bytes=3_000_000, total_bytes=2_000_000),
            "tiny: npm x (2 MB, 100 %)",
        ),
    ],
)
def test_progress_is_said_in_a_line(progress: Progress, line: str) -> None:
    assert str(progress) == line
