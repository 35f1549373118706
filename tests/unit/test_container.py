"""What a container is made with."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_runs import make_image, make_spec

from dlbench.container import Traits, configure, fill_command

IMAGE = make_image("/opt/venv/bin/python", "sha256:1")
TRAITS = Traits(user="1000:1000", owner="vm boot pid:[1] 2 3")


def test_placeholders_are_filled_and_other_braces_stay() -> None:
    command = ("{python}", "-c", "print({1: 2})", "--in={in}")
    filled = fill_command(command, {"python": "/p", "in": "/i"})
    assert filled == ["/p", "-c", "print({1: 2})", "--in=/i"]


def test_a_container_is_locked_down(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, IMAGE, "", memory_bytes=2**26, cpus=(0, 2), pids=99)
    body = configure(spec, TRAITS)
    host = body["HostConfig"]
    assert body["User"] == "1000:1000"
    assert body["Labels"] == {"dlbench.run": spec.run_id, "dlbench.owner": "vm boot pid:[1] 2 3"}
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"]
    assert host["Init"]
    assert host["Memory"] == host["MemorySwap"] == 2**26
    assert host["CpusetCpus"] == "0,2"
    assert host["PidsLimit"] == 99
    assert "DeviceRequests" not in host
    assert not any("docker.sock" in mount["Source"] for mount in host["Mounts"])


def test_only_out_is_writable_and_scratch_alone_executable(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, IMAGE, "", data_folder=tmp_path, scratch=("/tmp/theano",))
    body = configure(spec, TRAITS)
    mounts = {m["Target"]: m["ReadOnly"] for m in body["HostConfig"]["Mounts"]}
    assert mounts == {"/dlbench/in": True, "/dlbench/out": False, "/dlbench/data": True}
    assert body["HostConfig"]["Tmpfs"]["/tmp"].endswith(",noexec")
    assert body["HostConfig"]["Tmpfs"]["/tmp/theano"].endswith(",exec")
    assert body["Cmd"][-3:] == ["/dlbench/in", "/dlbench/out", "/dlbench/data"]


def test_without_data_the_read_only_folder_stands_in(tmp_path: Path) -> None:
    body = configure(make_spec(tmp_path, IMAGE, ""), TRAITS)
    assert body["Entrypoint"] == ["/opt/venv/bin/python"]
    assert body["Cmd"][-1] == "/dlbench/in"


def test_the_run_s_own_variables_win(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, IMAGE, "", environment={"LANG": "C", "OMP_NUM_THREADS": "2"})
    variables = configure(spec, TRAITS)["Env"]
    assert "LANG=C" in variables
    assert "OMP_NUM_THREADS=2" in variables
    assert "HOME=/tmp" in variables


@pytest.mark.parametrize(
    ("traits", "name", "value"),
    [
        (Traits(user="0:0", cgroup_parent="/dlbench"), "CgroupParent", "/dlbench"),
        (Traits(user="0:0", user_namespace="host"), "UsernsMode", "host"),
        (
            Traits(user="0:0", security=("label=disable",)),
            "SecurityOpt",
            ["no-new-privileges", "label=disable"],
        ),
    ],
)
def test_traits_of_engines(tmp_path: Path, traits: Traits, name: str, value: object) -> None:
    assert configure(make_spec(tmp_path, IMAGE, ""), traits)["HostConfig"][name] == value


def test_a_cuda_run_asks_for_every_device(tmp_path: Path) -> None:
    body = configure(make_spec(tmp_path, IMAGE, "", device="cuda"), TRAITS)
    assert body["HostConfig"]["DeviceRequests"] == [{"Count": -1, "Capabilities": [["gpu"]]}]


def test_a_container_that_is_to_be_kept_says_so(tmp_path: Path) -> None:
    labels = configure(make_spec(tmp_path, IMAGE, "", keep=True), TRAITS)["Labels"]
    assert labels["dlbench.kept"] == "yes"
