"""Docker, and Podman through the same API: one fresh, locked-down container for each run."""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench import docker_client
from dlbench.cgroup import Counters, read_counters, subtract
from dlbench.container import LABEL, Traits, configure
from dlbench.docker_builds import Builder
from dlbench.docker_images import ImageShelf
from dlbench.engine import BuiltImage, EngineFacts, Exit, How, Recipe, RunSpec, StoredImage
from dlbench.errors import EngineError
from dlbench.run_log import RunLog
from dlbench.supervision import Ended, Interrupt, Limit, Messages, supervise

if TYPE_CHECKING:
    from docker import APIClient

KILLED = 137
#: After the end of a run, how long its last output may take to arrive.
DRAIN_SECONDS = 10.0
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
        self._client: APIClient = docker_client.connect(base_url, name)
        with docker_client.translated(name, "to describe itself"):
            self._version: dict[str, Any] = self._client.version()
            self._info: dict[str, Any] = self._client.info()
        self._user = user or (os.getuid(), os.getgid())
        self._messages: Messages = queue.SimpleQueue()
        self._interrupted = False
        self._images = ImageShelf(self._client, name)
        self._builder = Builder(self._images, self.execute)

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

    def _traits(self) -> Traits:
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
            cgroup_parent=self._cgroup(),
            ulimits=ulimits,
            security=("label=disable",) if self._has_security("selinux") else (),
            user_namespace="host" if self._has_security("userns") else "",
        )

    def _cgroup(self) -> str:
        """Return the control group above the containers, whose counters outlive them, or ''."""
        if self._has_security("rootless") or not self._is_local():
            return ""
        return {"cgroupfs": "/dlbench", "systemd": "dlbench.slice"}.get(
            str(self._info.get("CgroupDriver", "")), ""
        )

    # -- runs ------------------------------------------------------------------------------------

    def execute(self, spec: RunSpec) -> Exit:
        """Execute one run in a fresh container and remove it, whatever happens.

        Raises EngineError where the container cannot be made or started.
        """
        self._messages = queue.SimpleQueue()
        try:
            if self._interrupted:
                return Exit(how="interrupted", detail="interrupted before it began")
            return self._execute(spec, self._messages)
        finally:
            self._interrupted = False
            if not spec.keep:
                self._remove(spec.name)

    def _execute(self, spec: RunSpec, messages: Messages) -> Exit:
        self.check_device(spec.device)
        traits = self._traits()
        before = read_counters(traits.cgroup_parent)
        with docker_client.translated(self.name, f"to start container {spec.name}"):
            self._client.create_container_from_config(  # type: ignore[no-untyped-call]
                configure(spec, traits), name=spec.name
            )
            self._initialize(spec.name)
            output = self._client.attach(spec.name, stdout=True, stderr=True, stream=True)
            with RunLog(spec.log) as log:
                drain = _start_thread(lambda: _drain(output, log))
                started = time.monotonic()
                self._client.start(spec.name)
                _start_thread(lambda: messages.put(self._await_end(spec.name)))
                how, ended = supervise(
                    messages,
                    Limit(timeout_seconds=spec.timeout_seconds),
                    terminate=lambda: self._signal(spec.name, "SIGTERM"),
                    kill=lambda: self._signal(spec.name, "SIGKILL"),
                )
                wall_seconds = time.monotonic() - started
                drain.join(DRAIN_SECONDS)
        after = read_counters(traits.cgroup_parent)
        how, detail = self._explain(spec, how, ended, before, after)
        return Exit(
            how=how,
            code=ended.code,
            detail=detail or log.error,
            wall_seconds=wall_seconds,
            cpu_seconds=subtract(after.cpu_seconds, before.cpu_seconds),
        )

    def _initialize(self, name: str) -> None:
        """Make a Podman container ready for attaching, which Docker does when it creates one."""
        if self.name == "podman":
            answer = self._client.post(
                f"{self._client.base_url}/v3.0.0/libpod/containers/{name}/init"
            )
            if not answer.ok:
                raise EngineError(f"podman cannot prepare a container: {answer.text.strip()}")

    def _await_end(self, name: str) -> Ended:
        """Block until the container ended, however long that takes."""
        import docker
        import requests

        try:
            return Ended(code=int(self._client.wait(name)["StatusCode"]))
        except (requests.RequestException, docker.errors.DockerException, OSError) as error:
            return Ended(lost=f"{self.name} went away: {docker_client.explanation(error)}")

    def _signal(self, name: str, signal: str) -> None:
        """Send a signal; a container that is gone, or an engine, shows itself elsewhere."""
        with contextlib.suppress(EngineError), docker_client.translated(self.name, f"to {signal}"):
            self._client.kill(name, signal)

    def _explain(
        self, spec: RunSpec, how: How, ended: Ended, before: Counters, after: Counters
    ) -> tuple[How, str]:
        """Tell a kill for memory from other ends, and say in words what happened."""
        if ended.lost:
            return "lost", ended.lost
        killed = self._ran_out_of_memory(spec, ended, before, after)
        if killed and how == "exited" and ended.code:
            return "oom", killed
        return how, killed

    def _ran_out_of_memory(
        self, spec: RunSpec, ended: Ended, before: Counters, after: Counters
    ) -> str:
        """Return how it is known that a process was killed for memory, or ''."""
        with contextlib.suppress(EngineError), docker_client.translated(self.name, "to inspect"):
            if self._client.inspect_container(spec.name)["State"].get("OOMKilled"):
                return "a process was killed at the memory limit"
        # Podman's API does not tell: ask the kernel's counters.
        if self.name != "podman" or ended.code != KILLED:
            return ""
        if after.oom_kills is None:
            return "killed, likely at the memory limit (the kernel's count is not readable)"
        if subtract(after.oom_kills, before.oom_kills):
            return "a process was killed at the memory limit, by the kernel's count"
        return ""

    def interrupt(self) -> None:
        """End what is being executed: a few seconds to write its result, then it is killed."""
        self._interrupted = True
        self._messages.put(Interrupt())

    def _remove(self, name: str) -> None:
        """Remove a container with its anonymous volumes; one that is gone already is fine."""
        import docker
        import requests

        try:
            self._client.remove_container(name, force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in {404, 409}:
                reason = docker_client.explanation(error)
                raise EngineError(
                    f"{self.name} cannot remove container {name}: {reason}",
                    f"remove it by hand: {self.name} rm -f {name}",
                ) from None
        except (requests.RequestException, OSError):
            # The engine is gone, which the run's outcome says; `leftovers` finds the container.
            return

    def leftovers(self) -> list[str]:
        """Return the names of containers that runs have left, kept ones and running ones too."""
        with docker_client.translated(self.name, "to list containers"):
            found = self._client.containers(all=True, filters={"label": LABEL})
        return sorted(name.lstrip("/") for container in found for name in container["Names"][:1])

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

    def save_images(self, tags: tuple[str, ...], path: Path) -> None:
        """Write the images as one archive; raises ImageError."""
        self._images.save(tags, path)

    def load_images(self, path: Path) -> tuple[str, ...]:
        """Load an archive that ``save_images`` wrote; return the tags."""
        return self._images.load(path)


def _start_thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def _drain(output: Iterator[bytes], log: RunLog) -> None:
    """Read a container's output to its end, or until the connection breaks."""
    import requests

    with contextlib.suppress(requests.RequestException, OSError, ValueError):
        for chunk in output:
            log.write(chunk)


def _hard_limit(kind: int) -> int:
    """Return the most that may be asked for: this machine's limit, and what Podman sets itself."""
    hard = resource.getrlimit(kind)[1]
    return PODMAN_LIMIT if hard == resource.RLIM_INFINITY else min(hard, PODMAN_LIMIT)
