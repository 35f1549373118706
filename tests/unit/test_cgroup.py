"""Control groups of both versions, in folders that look like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench import cgroup
from dlbench.cgroup import Group, find_group, make_group, read_counters, read_field, subtract
from dlbench.kernel import read_number


@pytest.fixture
def unified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version 2 hierarchy in which the test is in /user/session."""
    monkeypatch.setattr(cgroup, "_own_path", lambda _: "/user/session")
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    for name, given in (("", "cpu memory pids"), ("user", "memory pids"), ("user/session", "")):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.subtree_control").write_text(given + "\n")
        (folder / "cgroup.procs").touch()
    return tmp_path


@pytest.fixture
def split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version 1 hierarchy."""
    monkeypatch.setattr(cgroup, "_own_path", lambda _: "/")
    for controller in ("memory", "pids", "cpuacct"):
        (tmp_path / controller).mkdir()
    return tmp_path


def test_a_group_is_made_where_children_get_limits(unified: Path) -> None:
    group = make_group("run", memory_bytes=2**26, pids=64, root=unified)
    assert group == Group(folders=(unified / "user/run",))
    assert read_number(unified / "user/run/memory.max") == 2**26
    assert read_number(unified / "user/run/pids.max") == 64


def test_no_group_where_nothing_is_given(unified: Path) -> None:
    for name in ("", "user"):
        (unified / name / "cgroup.subtree_control").write_text("cpu\n")
    assert make_group("run", memory_bytes=2**26, pids=64, root=unified) is None


def test_a_split_group_has_a_folder_a_controller(split: Path) -> None:
    group = make_group("run", memory_bytes=2**26, pids=64, root=split)
    assert group is not None
    assert [path.parent.name for path in group.folders] == ["memory", "pids", "cpuacct"]
    assert read_number(split / "memory/run/memory.limit_in_bytes") == 2**26


def test_what_is_half_made_is_removed(split: Path) -> None:
    (split / "cpuacct").rmdir()
    assert make_group("run", memory_bytes=2**26, pids=64, root=split) is None
    assert not (split / "memory/run").exists()


def test_counters_of_both_versions(unified: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = unified / "dlbench"
    folder.mkdir()
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    counters = read_counters("/dlbench", unified)
    assert counters.cpu_seconds == pytest.approx(2.5)
    assert counters.oom_kills == 2
    old = tmp_path_factory.mktemp("old")
    (old / "cpuacct/dlbench").mkdir(parents=True)
    (old / "cpuacct/dlbench/cpuacct.usage").write_text("1500000000\n")
    assert read_counters("/dlbench", old).cpu_seconds == pytest.approx(1.5)


def test_a_group_s_own_counters(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 4000000\n")
    (tmp_path / "memory.events").write_text("oom_kill 1\n")
    (tmp_path / "cgroup.procs").write_text("12\n34\n")
    group = Group(folders=(tmp_path,))
    assert group.cpu_seconds() == pytest.approx(4)
    assert group.oom_kills() == 1
    assert group.processes() == {12, 34}


def test_what_is_absent_is_none(tmp_path: Path) -> None:
    assert read_field(tmp_path / "none", "x") is None
    assert read_counters("/none", tmp_path).cpu_seconds is None
    assert subtract(None, 1.0) is None
    assert subtract(3.0, None) == pytest.approx(3)


def test_the_whole_machine_is_of_no_run(unified: Path) -> None:
    (unified / "cpu.stat").write_text("usage_usec 2500000\n")
    assert read_counters("", unified).cpu_seconds is None


def test_the_group_of_a_process_in_either_version() -> None:
    old = "9:name=systemd:/a\n4:cpu,cpuacct:/docker/b\n0::/c\n"
    assert find_group(old, "cpuacct") == "/docker/b"
    assert find_group(old, "") == "/c"
    assert find_group("", "cpuacct") is None
