"""Virtual environments: for where no container engine answers or is allowed.

Each run is a process group of its own.  There is no isolation from the network or the file
system; ``facts`` says which limits hold.
"""

from __future__ import annotations

import os
import platform
import queue
import shutil
import signal
import site
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dlbench.cgroup import Group, make_group, read_counters, subtract
from dlbench.engine import BuiltImage, EngineFacts, Exit, How, Recipe, RunSpec
from dlbench.errors import EngineError
from dlbench.interpreter import Interpreter, read_interpreter
from dlbench.run_log import RunLog
from dlbench.run_process import SIGNAL_BASE, RunProcess
from dlbench.supervision import Ended, Interrupt, Limit, Messages, supervise
from dlbench.venv_builds import VenvShelf

#: After the end of a run, how long its last output may take to arrive.
DRAIN_SECONDS = 10.0

#: What a made environment sees of the caller's variables; everything else is a hidden setting.
INHERITED = ("PATH", "LD_LIBRARY_PATH", "TZ", "SSL_CERT_FILE")
INHERITED_PREFIXES = ("CUDA_", "NVIDIA_")


class VenvEngine:
    """Executes runs as processes in virtual environments below ``folder``.

    With ``python`` every run uses that interpreter instead, recorded as unpinned.  One run at a
    time; ``interrupt`` may be called from anywhere.
    """

    def __init__(self, folder: Path, python: str | None = None) -> None:
        self.name = "venv"
        self._folder = folder
        self._own: Interpreter | None = read_interpreter(python) if python else None
        self._shelf = VenvShelf(folder, self.execute)
        self._messages: Messages = queue.SimpleQueue()
        self._interrupted = False
        self._running: RunProcess | None = None

    # -- what it is ------------------------------------------------------------------------------

    def facts(self) -> EngineFacts:
        """Describe the engine and which limits it can enforce here."""
        group = make_group(f"dlbench-probe-{os.getpid()}", memory_bytes=2**30, pids=64)
        if group:
            group.remove()
        limited = group is not None
        return EngineFacts(
            name=self.name,
            version=sys.version.split()[0],
            details={
                "python": self._own.path if self._own else "",
                "data_root": str(existing_parent(self._folder)),
                "libc": " ".join(platform.libc_ver()),
            },
            enforces={
                "network": False,
                "read_only_root": False,
                "memory": limited,
                "cpus": hasattr(os, "sched_setaffinity"),
                "pids": limited,
                "timeout": True,
            },
        )

    def check_device(self, device: str) -> None:
        """Raise EngineError where there is no such device."""
        if device == "cuda" and not (Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi")):
            raise EngineError(
                "--device cuda: there is no NVIDIA device on this machine",
                "load the NVIDIA driver (nvidia-smi should list the device), or use --device cpu",
            )

    # -- images ----------------------------------------------------------------------------------

    def find_image(self, recipe: Recipe) -> BuiltImage | None:
        """Return the user's own interpreter, or the environment of ``recipe`` if it is there."""
        if self._own is not None:
            return adopt(self._own, recipe)
        return self._shelf.find(recipe)

    def build_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Make the environment of ``recipe`` and verify it; raises ImageError."""
        if self._own is not None:
            return adopt(self._own, recipe)
        return self._shelf.build(recipe, on_line)

    def verify_image(self, recipe: Recipe, on_line: Callable[[str], None]) -> BuiltImage:
        """Verify an environment that is there again; raises ImageError with its output."""
        return self._shelf.verify(recipe, on_line)

    # -- runs ------------------------------------------------------------------------------------

    def execute(self, spec: RunSpec) -> Exit:
        """Execute one run in a process group of its own; end all of it, whatever happens."""
        self._messages = queue.SimpleQueue()
        scratch = Path(tempfile.mkdtemp(prefix=f"{spec.name}-scratch-"))
        group = make_group(spec.name, memory_bytes=spec.memory_bytes, pids=spec.pids)
        try:
            if self._interrupted:
                return Exit(how="interrupted", detail="interrupted before it began")
            return self._execute(spec, scratch, group, self._messages)
        finally:
            self._interrupted = False
            if group:
                group.remove()
            if not spec.keep:
                shutil.rmtree(scratch, ignore_errors=True)

    def _execute(
        self, spec: RunSpec, scratch: Path, group: Group | None, messages: Messages
    ) -> Exit:
        process = RunProcess(spec, make_variables(spec, scratch, self._own is not None), group)
        machine_before = read_counters("")
        started = time.monotonic()
        self._running = process
        try:
            with RunLog(spec.log) as log:
                drain = process.start(log, messages)
                how, ended = supervise(
                    messages,
                    Limit(timeout_seconds=spec.timeout_seconds),
                    terminate=lambda: process.signal(signal.SIGTERM),
                    kill=lambda: process.signal(signal.SIGKILL),
                )
                wall_seconds = time.monotonic() - started
                drain.join(DRAIN_SECONDS)
        finally:
            self._running = None
            process.end()
        if group:
            kills: float | None = group.oom_kills()
        else:
            kills = subtract(read_counters("").oom_kills, machine_before.oom_kills)
        how, detail = explain(how, ended, kills or 0, limited=group is not None)
        return Exit(
            how=how,
            code=ended.code,
            detail=detail or log.error,
            wall_seconds=wall_seconds,
            cpu_seconds=(group.cpu_seconds() if group else None) or ended.cpu_seconds,
        )

    def cpu_seconds(self) -> float | None:
        """Return the processor time so far of the run; without a control group, of its tree."""
        running = self._running
        return running.cpu_seconds() if running else None

    def interrupt(self) -> None:
        """End what is being executed: a few seconds to write its result, then it is killed."""
        self._interrupted = True
        self._messages.put(Interrupt())


def existing_parent(folder: Path) -> Path:
    """Return ``folder``, or the nearest folder above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def make_variables(spec: RunSpec, scratch: Path, own: bool) -> dict[str, str]:
    """Return the environment of a run: the user's for ``own`` interpreter, else next to nothing."""
    if own:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        # With another HOME, the user's own packages would be out of sight.
        inherited["PYTHONUSERBASE"] = site.getuserbase()
    else:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in INHERITED or name.startswith(INHERITED_PREFIXES)
        }
        inherited["PYTHONNOUSERSITE"] = "1"
    return {
        **inherited,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "XDG_CACHE_HOME": str(scratch / ".cache"),
        "XDG_CONFIG_HOME": str(scratch / ".config"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(spec.in_folder.resolve()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **spec.environment,
    }


def explain(how: How, ended: Ended, kills: float, *, limited: bool) -> tuple[How, str]:
    """Tell a kill for memory from other ends, and say in words what happened."""
    if ended.lost:
        return "lost", ended.lost
    if not kills:
        return how, ""
    detail = "a process was killed at the memory limit"
    if not limited:
        detail = "a process was killed for memory, with no limit but the machine's"
    if how == "exited" and ended.code and (limited or ended.code == SIGNAL_BASE + signal.SIGKILL):
        return "oom", detail
    return how, detail


def adopt(own: Interpreter, recipe: Recipe) -> BuiltImage:
    """Let the user's own interpreter stand for the image of ``recipe``, unpinned.

    Raises EngineError where the worker could not even start in it.
    """
    # Before 3.8 a Python without pip cannot say what is installed.
    known = own.packages or own.series >= (3, 8)
    if known and "numpy" not in {name.lower() for name in own.packages}:
        raise EngineError(
            f"{own.path} has no numpy, which every run needs",
            f"{own.path} -m pip install numpy, and the framework; or leave --python out",
        )
    return BuiltImage(
        image_id=recipe.image_id,
        device=recipe.device,
        tag=f"python:{own.path}",
        digest="",
        engine_id=own.path,
        python=own.path,
        pinned=False,
        packages=own.packages,
        verified=f"Python {own.version}",
    )
