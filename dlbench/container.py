"""What a container is made with: a RunSpec as the container API's own configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from dlbench.engine import RunSpec
from dlbench.errors import EngineError

IN = "/dlbench/in"
OUT = "/dlbench/out"
DATA = "/dlbench/data"
SCRATCH = "/tmp"

#: Every container that dlbench makes carries this label, with the id of its run.
LABEL = "dlbench.run"
#: Which dlbench made it, as ``owner.Owner`` spells it, and whether its user wants it kept.
OWNER_LABEL = "dlbench.owner"
KEPT_LABEL = "dlbench.kept"

TMPFS = "rw,nosuid,nodev,mode=1777"

ENVIRONMENT = {
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "XDG_CACHE_HOME": f"{SCRATCH}/.cache",
    "XDG_CONFIG_HOME": f"{SCRATCH}/.config",
    # Without a passwd entry for the caller's uid, getpass.getuser() needs one of these.
    "USER": "dlbench",
    "LOGNAME": "dlbench",
    "LANG": "C.UTF-8",
    "PYTHONPATH": IN,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}


class Traits(Struct, frozen=True, kw_only=True):
    """What differs between engines, and matters to a container."""

    user: str
    #: The dlbench that makes the container, as its label names it.
    owner: str = ""
    #: The control group above the containers (``/dlbench``), where one can be had.
    cgroup_parent: str = ""
    #: Resource limits that must be stated, name -> soft and hard limit.
    ulimits: tuple[tuple[str, int], ...] = ()
    security: tuple[str, ...] = ()
    user_namespace: str = ""


def fill_command(command: tuple[str, ...], values: dict[str, str]) -> list[str]:
    """Replace the placeholders ``{python} {in} {out} {data}``; other braces stay as they are."""
    filled = []
    for word in command:
        for name, value in values.items():
            word = word.replace("{" + name + "}", value)
        filled.append(word)
    return filled


def configure(spec: RunSpec, traits: Traits) -> dict[str, Any]:
    """Return the body of the API's request for a container that executes ``spec``."""
    values = {
        "python": spec.image.python,
        "in": IN,
        "out": OUT,
        # Without data there is no such folder; the one that is read-only anyway stands in.
        "data": DATA if spec.data_folder else IN,
    }
    command = fill_command(spec.command, values)
    environment = ENVIRONMENT | dict(spec.environment)
    return {
        "Image": spec.image.engine_id,
        # Entrypoint and command apart, so that an entry point of the image is not in the way.
        "Entrypoint": command[:1],
        "Cmd": command[1:],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "User": traits.user,
        "WorkingDir": IN,
        "Hostname": "dlbench",
        "Labels": label(spec, traits),
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": isolate(spec, traits),
    }


def label(spec: RunSpec, traits: Traits) -> dict[str, str]:
    """Return the labels by which a container is found again when its dlbench is gone."""
    labels = {LABEL: spec.run_id, OWNER_LABEL: traits.owner}
    return labels | {KEPT_LABEL: "yes"} if spec.keep else labels


def isolate(spec: RunSpec, traits: Traits) -> dict[str, Any]:
    """Return the host's side of a container: what it may see, and how much it may take."""
    host: dict[str, Any] = {
        "NetworkMode": "none",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", *traits.security],
        "ReadonlyRootfs": True,
        "Tmpfs": {SCRATCH: f"{TMPFS},noexec"} | dict.fromkeys(spec.scratch, f"{TMPFS},exec"),
        "Mounts": mount(spec),
        "PidsLimit": spec.pids,
        "Init": True,
        # The output is read from the engine as it comes, and bounded here.
        "LogConfig": {"Type": "none", "Config": {}},
        "Ulimits": [
            {"Name": name, "Soft": value, "Hard": value}
            for name, value in (("core", 0), *traits.ulimits)
        ],
    }
    if spec.cpus:
        host["CpusetCpus"] = ",".join(str(cpu) for cpu in spec.cpus)
    if spec.memory_bytes:
        # Equal limits leave no swap.
        host |= {"Memory": spec.memory_bytes, "MemorySwap": spec.memory_bytes}
    if traits.cgroup_parent:
        host["CgroupParent"] = traits.cgroup_parent
    if traits.user_namespace:
        host["UsernsMode"] = traits.user_namespace
    if spec.device == "cuda":
        host["DeviceRequests"] = [{"Count": -1, "Capabilities": [["gpu"]]}]
    return host


def require_folders(spec: RunSpec) -> None:
    """Raise EngineError where a folder of ``spec`` is missing: engines differ on what they do."""
    for folder in (spec.in_folder, spec.out_folder, spec.data_folder):
        if folder is not None and not folder.is_dir():
            raise EngineError(f"the folder {folder}, which the run needs, is not there")


def mount(spec: RunSpec) -> list[dict[str, Any]]:
    """Return the folders of the protocol as bind mounts; only ``out`` is writable."""
    folders: list[tuple[Path, str, bool]] = [
        (spec.in_folder, IN, True),
        (spec.out_folder, OUT, False),
    ]
    if spec.data_folder:
        folders.append((spec.data_folder, DATA, True))
    return [
        {"Type": "bind", "Source": str(source.resolve()), "Target": target, "ReadOnly": read_only}
        for source, target, read_only in folders
    ]
