"""Docker, and Podman through the same API: one fresh, locked-down container for each run."""

from __future__ import annotations

import os
import queue
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlbench import docker_client
from dlbench.cgroup import remove_group
from dlbench.container import Traits
from dlbench.docker_builds import Builder
from dlbench.docker_images import ImageShelf
from dlbench.docker_registry import Registry
from dlbench.docker_runs import Containers
from dlbench.engine import BuiltImage, EngineFacts, Exit, Leftover, Recipe, RunSpec, StoredImage
from dlbench.errors import EngineError
from dlbench.owner import find_owner
from dlbench.supervision import Interrupt, Messages

#: Podman lowers its own limit of processes to this, and can grant no more to a container.
PODMAN_LIMIT = 32768


class DockerEngine:
    """A container engine that speaks Docker's API.

    One run at a time; ``interrupt`` may be called from anywhere.  Raises EngineError where the
    engine does not answer, does not permit access, or is too old.
    """

    def __init__(
        self,
        base_url: str | None = None,
        name: str = "docker",
        *,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self._client, self._version = docker_client.connect(base_url, name)
        with docker_client.translated(name, "to describe itself"):
            self._info: dict[str, Any] = self._client.info()
        self._user = user or (os.getuid(), os.getgid())
        self._messages: Messages = queue.SimpleQueue()
        self._interrupted = False
        self._containers = Containers(self._client, name)
        self._images = ImageShelf(self._client, name)
        self._builder = Builder(self._images, self.execute)

    def close(self) -> None:
        """Close the connections to the engine; what is executed ends as lost."""
        self._client.close()

    # -- what it is ------------------------------------------------------------------------------

    def facts(self) -> EngineFacts:
        """Describe the engine as it answered when the connection was made."""
        components = {
            part["Name"]: str(part["Version"]).splitlines()[0]
            for part in self._version.get("Components") or []
        }
        details = components | {
            "api": str(self._version.get("ApiVersion", "")),
            "cgroup": str(self._info.get("CgroupVersion", "1")),
            "storage": str(self._info.get("Driver", "")),
            "rootless": "yes" if self._has_security("rootless") else "no",
        }
        if self._is_local():
            details["data_root"] = str(self._info.get("DockerRootDir", ""))
        enforces = {
            "network": True,
            "read_only_root": True,
            "memory": bool(self._info.get("MemoryLimit", True)),
            "cpus": bool(self._info.get("CPUSet", True)),
            "pids": bool(self._info.get("PidsLimit", True)),
            "timeout": True,
        }
        return EngineFacts(
            name=self.name,
            version=str(self._version.get("Version", "")),
            details=details,
            enforces=enforces,
        )

    def check_device(self, device: str) -> None:
        """Raise EngineError where containers on ``device`` cannot work here."""
        if device != "cuda":
            return
        if "nvidia" not in (self._info.get("Runtimes") or {}) and not shutil.which(
            "nvidia-container-runtime-hook"
        ):
            raise EngineError(
                f"--device cuda: {self.name} has no NVIDIA runtime here",
                "install the NVIDIA driver and nvidia-container-toolkit, then restart the engine;"
                " or use --engine venv; or --device cpu",
            )
        if self._is_local() and not Path("/dev/nvidiactl").exists():
            raise EngineError(
                "--device cuda: there is no NVIDIA device on this machine",
                "load the NVIDIA driver (nvidia-smi should list the device), or use --device cpu",
            )

    def _has_security(self, feature: str) -> bool:
        return any(
            f"name={feature}" in str(option).split(",")
            for option in self._info.get("SecurityOptions") or []
        )

    def _is_local(self) -> bool:
        return self._client.base_url.startswith("http+docker://")

    def _traits(self, run_id: str) -> Traits:
        """Return how containers have to be made on this engine."""
        rootless = self._has_security("rootless")
        uid, gid = (0, 0) if rootless else self._user
        ulimits: tuple[tuple[str, int], ...] = ()
        if self.name == "podman":
            # Podman asks for more than a machine may grant, unless told what to ask for.
            ulimits = tuple(
                (name, _hard_limit(kind))
                for name, kind in (
                    ("nofile", resource.RLIMIT_NOFILE),
                    ("nproc", resource.RLIMIT_NPROC),
                )
            )
        return Traits(
            user=f"{uid}:{gid}",
            owner=find_owner().spell(),
            cgroup_parent=self._cgroup(run_id),
            ulimits=ulimits,
            security=("label=disable",) if self._has_security("selinux") else (),
            user_namespace="host" if self._has_security("userns") else "",
        )

    def _cgroup(self, run_id: str) -> str:
        """Return the control group above a run's container, whose counters outlive it, or ''.

        Where it could not be removed afterwards, one is shared by all runs.
        """
        driver = self._info.get("CgroupDriver", "")
        if self._has_security("rootless") or not self._is_local():
            return ""
        # Podman's monitor outlives its container there, so that none could be removed.
        if driver == "cgroupfs" and os.getuid() == 0 and self.name != "podman":
            return f"/dlbench/{run_id}"
        return {"cgroupfs": "/dlbench", "systemd": "dlbench.slice"}.get(driver, "")

    # -- runs ------------------------------------------------------------------------------------

    def execute(self, spec: RunSpec) -> Exit:
        """Execute one run in a fresh container and remove it, whatever happens.

        Raises EngineError where the container cannot be made or started.
        """
        self._messages = queue.SimpleQueue()
        traits = self._traits(spec.run_id)
        try:
            if self._interrupted:
                return Exit(how="interrupted", detail="interrupted before it began")
            self.check_device(spec.device)
            return self._containers.execute(spec, traits, self._messages)
        finally:
            self._interrupted = False
            if not spec.keep:
                self._containers.remove(spec.name)
            if traits.cgroup_parent.endswith(spec.run_id):
                remove_group(traits.cgroup_parent)

    def cpu_seconds(self) -> float | None:
        """Return the processor time so far of the run, None where its group cannot be read."""
        return self._containers.cpu_seconds()

    def interrupt(self) -> None:
        """End what is being executed: a few seconds to write its result, then it is killed."""
        self._interrupted = True
        self._messages.put(Interrupt())

    def leftovers(self) -> list[Leftover]:
        """Return the containers of runs that are there, of every dlbench, by name."""
        return self._containers.list_leftovers(find_owner())

    def remove_leftover(self, leftover: Leftover) -> None:
        """Remove one, whoever made it, and its control group; raises EngineError."""
        self._containers.remove(leftover.name)
        group = self._cgroup(leftover.run_id)
        if group.endswith(leftover.run_id):
            remove_group(group)

    # -- images ----------------------------------------------------------------------------------

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        """Return the built image of ``recipe`` if it is there."""
        return self._images.find(recipe)

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Build and verify it; raises ImageError with the log's last lines."""
        return self._builder.build(recipe, on_line)

    def verify_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Verify an image that is there again; raises ImageError with its output."""
        return self._builder.verify(recipe, on_line)

    def list_images(self) -> list[StoredImage]:
        """List everything tagged ``dlbench/...``, bases too."""
        return self._images.list()

    def remove_image(self, tag: str) -> int:
        """Remove one image; return its size in bytes."""
        return self._images.remove(tag)

    def push_image(self, tag: str, registry: str) -> str:
        """Give an image to a container registry; return its name there.  Raises ImageError."""
        return Registry(self._images, registry).push(tag)

    def save_images(self, tags: tuple[str, ...], path: Path) -> None:
        """Write the images as one archive; raises ImageError."""
        self._images.save(tags, path)

    def load_images(self, path: Path) -> tuple[str, ...]:
        """Load an archive that ``save_images`` wrote; return the tags."""
        return self._images.load(path)


def _hard_limit(kind: int) -> int:
    """Return the most that may be asked for: this machine's limit, and what Podman sets itself."""
    hard = resource.getrlimit(kind)[1]
    return PODMAN_LIMIT if hard == resource.RLIM_INFINITY else min(hard, PODMAN_LIMIT)
