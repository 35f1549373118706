"""The life of one container: made, attached to, started, supervised, explained, removed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dlbench import docker_client
from dlbench.cgroup import Counters, find_group, read_counters, read_cpu_seconds, subtract
from dlbench.container import (
    KEPT_LABEL,
    LABEL,
    OWNER_LABEL,
    Traits,
    configure,
    require_folders,
)
from dlbench.engine import Exit, How, Leftover, RunSpec, State
from dlbench.errors import EngineError
from dlbench.kernel import Kernel
from dlbench.owner import Owner, Whereabouts, find_whereabouts, read_owner
from dlbench.run_log import RunLog
from dlbench.supervision import Ended, Limit, Messages, supervise

if TYPE_CHECKING:
    from docker import APIClient
    from docker.types import CancellableStream

KILLED = 137
#: After the end of a run, how long its last output may take to arrive.
DRAIN_SECONDS = 10.0
#: What is said of a container whose dlbench is there.
STATES: Mapping[Whereabouts, State] = {
    "alive": "in use",
    "ended": "left",
    "elsewhere": "unknown",
}


class Containers:
    """The containers of the engine ``name`` that ``client`` speaks to."""

    def __init__(self, client: APIClient, name: str) -> None:
        self._client = client
        self._name = name
        #: The control group of what is being executed, and what had been used in it before.
        self._meter: tuple[str, float | None] = "", None

    def cpu_seconds(self) -> float | None:
        """Return the processor time so far of what is being executed, None where nobody tells."""
        group, used_before = self._meter
        return subtract(read_cpu_seconds(group), used_before)

    def execute(self, spec: RunSpec, traits: Traits, messages: Messages) -> Exit:
        """Make, start and supervise the container of ``spec``; it is still there afterwards."""
        require_folders(spec)
        before = read_counters(traits.cgroup_parent)
        try:
            return self._execute(spec, traits, messages, before)
        finally:
            self._meter = "", None

    def _execute(self, spec: RunSpec, traits: Traits, messages: Messages, before: Counters) -> Exit:
        with docker_client.translated(self._name, f"to start container {spec.name}"):
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
                self._meter = self._find_meter(spec, traits, before)
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

    def _find_meter(
        self, spec: RunSpec, traits: Traits, before: Counters
    ) -> tuple[str, float | None]:
        """Return the control group to read meanwhile, and what had been used in it before."""
        if not traits.cgroup_parent.endswith(spec.run_id):
            # None, or one that all runs share: the container's own says more.
            found = self._find_group(spec.name)
            if found:
                return found, None
        return traits.cgroup_parent, before.cpu_seconds

    def _find_group(self, name: str) -> str:
        """Return the control group of a running container, '' where it cannot be seen from here."""
        if not self._client.base_url.startswith("http+docker://"):
            return ""
        with contextlib.suppress(EngineError), docker_client.translated(self._name, "to inspect"):
            pid = int(self._client.inspect_container(name)["State"].get("Pid") or 0)
            text = Kernel().read_proc(f"{pid}/cgroup")
            found = find_group(text, "cpuacct") or find_group(text, "")
            return found or ""
        return ""

    def _initialize(self, name: str) -> None:
        """Make a Podman container ready for attaching, which Docker does when it creates one."""
        if self._name == "podman":
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
            return Ended(lost=f"{self._name} went away: {docker_client.explanation(error)}")

    def _signal(self, name: str, signal: str) -> None:
        """Send a signal; a container that is gone, or an engine, shows itself elsewhere."""
        with contextlib.suppress(EngineError), docker_client.translated(self._name, f"to {signal}"):
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
        with contextlib.suppress(EngineError), docker_client.translated(self._name, "to inspect"):
            if self._client.inspect_container(spec.name)["State"].get("OOMKilled"):
                return "a process was killed at the memory limit"
        # Podman's API does not tell: ask the kernel's counters.
        if self._name != "podman" or ended.code != KILLED:
            return ""
        if after.oom_kills is None:
            return "killed, likely at the memory limit (the kernel's count is not readable)"
        if subtract(after.oom_kills, before.oom_kills):
            return "a process was killed at the memory limit, by the kernel's count"
        return ""

    def remove(self, name: str) -> None:
        """Remove a container with its anonymous volumes; one that is gone already is fine."""
        import docker
        import requests

        try:
            self._client.remove_container(name, force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in {404, 409}:
                reason = docker_client.explanation(error)
                raise EngineError(
                    f"{self._name} cannot remove container {name}: {reason}",
                    f"remove it by hand: {self._name} rm -f {name}",
                ) from None
        except (requests.RequestException, OSError):
            # The engine is gone, which the run's outcome says; `leftovers` finds the container.
            return

    def list_leftovers(self, here: Owner) -> list[Leftover]:
        """Return the containers of runs that are there, as the process ``here`` sees them."""
        with docker_client.translated(self._name, "to list containers"):
            found = self._client.containers(all=True, filters={"label": LABEL})
        return sorted((read_leftover(facts, here) for facts in found), key=attrgetter("name"))


def read_leftover(facts: Mapping[str, Any], here: Owner) -> Leftover:
    """Return a container as the engine lists it."""
    labels = facts.get("Labels") or {}
    running = facts.get("State") in {"running", "paused", "restarting"}
    owner = read_owner(labels.get(OWNER_LABEL, ""))
    whereabouts = find_whereabouts(owner, here, running=running) if owner else "elsewhere"
    state: State = STATES[whereabouts]
    if KEPT_LABEL in labels and not running:
        state = "kept"
    return Leftover(
        name=facts["Names"][0].lstrip("/"), run_id=labels[LABEL], state=state, running=running
    )


def _start_thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def _drain(output: CancellableStream[bytes], log: RunLog) -> None:
    """Read a container's output to its end, or until the connection breaks."""
    import requests

    with contextlib.suppress(requests.RequestException, OSError, ValueError):
        for chunk in output:
            log.write(chunk)
    with contextlib.suppress(OSError):
        output.close()
    # The stream shuts its socket down; what holds it open is the answer that it came with.
    output._response.close()  # type: ignore[attr-defined]
