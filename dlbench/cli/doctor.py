"""``dlbench doctor``: check this machine for what dlbench needs, and say what to do."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from dlbench.cli.workspace import Workspace, open_workspace
from dlbench.counters import read_cpu_times
from dlbench.energy import PackageMeter
from dlbench.engine import ContainerKeeper
from dlbench.errors import DlbenchError, EngineError
from dlbench.foreign_load import is_foreign_load
from dlbench.kernel import Kernel
from dlbench.references import LIMIT_BYTES, References

app = typer.Typer(add_completion=False)

#: The largest image that ships (torch with CUDA), and room to build it.
DISK_NEEDED_BYTES = 16 * 2**30
MEMORY_NEEDED_BYTES = 8 * 2**30
#: How long is listened for other programs.
QUIET_SECONDS = 1.0

#: What is said of containers that are there, by their state, and what removes them.  Those in use
#: are none of the doctor's business.
LEFTOVERS = {
    "left": (
        "are left of a dlbench that was killed",
        "dlbench doctor --remove-leftovers, or {command}",
    ),
    "kept": ("were kept (--keep)", "when they are of no more use: {command}"),
    "unknown": (
        "are of a dlbench that cannot be seen from here",
        "if none is at work with this engine: {command}",
    ),
}


class Finding(Struct, frozen=True):
    """One thing looked at: ``ok``, ``note`` (works, but mind it) or ``missing``."""

    state: str
    what: str
    hint: str = ""


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove-leftovers",
            help="Remove the containers that a killed dlbench has left; others stay.",
        ),
    ] = False,
) -> None:
    """Check this machine for what dlbench needs: engines, disk, plugins, quiet.

    Exits with 6 where neither a container engine nor virtual environments can execute runs.
    """
    workspace = open_workspace()
    findings = [
        *check_engines(workspace, remove=remove),
        *check_space(workspace),
        *check_quiet(),
        *check_plugins(workspace),
    ]
    if as_json:
        import json

        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.state:<8}{finding.what}")
            if finding.hint:
                print(f"{'':<8}{finding.hint}")
    if all(f.state == "missing" for f in findings if f.what.startswith("engine ")):
        raise EngineError("nothing here can execute runs", "install Docker, or python3-venv")


def check_engines(workspace: Workspace, *, remove: bool = False) -> Iterator[Finding]:
    """Ask each engine for its facts."""
    for name in ("docker", "podman"):
        try:
            engine = workspace.engine(name)
            facts = engine.facts()
        except DlbenchError as error:
            yield Finding("missing", f"engine {name}: {error.message}", error.hint)
            continue
        yield Finding("ok", f"engine {name} {facts.version}")
        try:
            engine.check_device("cuda")
        except EngineError as error:
            yield Finding("note", f"device cuda with {name}: {error.message}", error.hint)
        else:
            yield Finding("ok", f"device cuda with {name}")
        if isinstance(engine, ContainerKeeper):
            yield from check_leftovers(engine, workspace, remove=remove)
    version = ".".join(map(str, sys.version_info[:2]))
    yield Finding("ok", f"engine venv: Python {version} runs this, other versions are looked for")
    if shutil.which("mmdebstrap") is None:
        yield Finding(
            "note",
            "mmdebstrap is not installed: bases can come from a registry only",
            "apt-get install mmdebstrap",
        )


def check_leftovers(
    engine: ContainerKeeper, workspace: Workspace, *, remove: bool
) -> Iterator[Finding]:
    """Look for containers that nobody will remove, and remove those that a dead dlbench left."""
    name = engine.name
    try:
        found = engine.leftovers()
        for leftover in [one for one in found if remove and one.state == "left"]:
            engine.remove_leftover(leftover)
            for folder in workspace.runs.glob(f"run-{leftover.run_id}-*"):
                shutil.rmtree(folder, ignore_errors=True)
            found.remove(leftover)
            yield Finding("ok", f"removed container {leftover.name} and its folder")
    except EngineError as error:
        yield Finding("note", f"containers with {name}: {error.message}", error.hint)
        return
    for state, (words, hint) in LEFTOVERS.items():
        names = [one.name for one in found if one.state == state]
        if names:
            command = hint.format(command=f"{name} rm -f {' '.join(names)}")
            yield Finding("note", f"{len(names)} containers with {name} {words}", command)


def check_space(workspace: Workspace) -> Iterator[Finding]:
    """Look at the disk, the results folder and the memory."""
    import psutil

    existing = next(p for p in (workspace.cache, *workspace.cache.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    state = "ok" if free >= DISK_NEEDED_BYTES else "note"
    hint = "" if state == "ok" else f"every image together needs {DISK_NEEDED_BYTES >> 30} GiB"
    yield Finding(state, f"{free / 2**30:.0f} GiB free for the cache in {workspace.cache}", hint)
    kept_bytes = References(cache=workspace.cache).count_kept_bytes()
    yield Finding(
        "ok",
        f"{kept_bytes / 1e9:.1f} GB of the oracle's arrays in {workspace.cache / 'parity'}, "
        f"of at most {LIMIT_BYTES / 1e9:.0f} GB",
    )
    target = (
        workspace.results if workspace.results.exists() else workspace.results.absolute().parent
    )
    writable = os.access(target, os.W_OK)
    yield Finding(
        "ok" if writable else "missing",
        f"results folder {workspace.results} is {'' if writable else 'not '}writable",
        "" if writable else "name another with --results or DLBENCH_RESULTS",
    )
    memory = psutil.virtual_memory().total
    enough = memory >= MEMORY_NEEDED_BYTES
    yield Finding(
        "ok" if enough else "note",
        f"{memory / 2**30:.0f} GiB of memory, {os.cpu_count()} CPUs",
        "" if enough else "vgg16 at batch 16 needs about 8 GiB",
    )


def check_quiet() -> Iterator[Finding]:
    """Look for what makes timings noisy: for a moment, with the bounds that runs are held to."""
    cpus = os.cpu_count() or 1
    foreign = watch_foreign_load(Kernel(), QUIET_SECONDS)
    if foreign is not None:
        quiet = not is_foreign_load(foreign, cpus)
        yield Finding(
            "ok" if quiet else "note",
            f"other programs use {foreign:.2g} of {cpus} CPUs",
            "" if quiet else "runs will be marked: end what is not needed, and look again",
        )
    reason = PackageMeter(Kernel()).reason
    yield Finding("note" if reason else "ok", f"energy of the processors: {reason or 'readable'}")
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if governor.exists():
        value = governor.read_text(encoding="ascii").strip()
        steady = value == "performance"
        yield Finding(
            "ok" if steady else "note",
            f"CPU governor is {value}",
            "" if steady else "the governor 'performance' gives steadier timings",
        )


def watch_foreign_load(kernel: Kernel, seconds: float) -> float | None:
    """Return how many processors others use, over so many seconds; None where nothing tells."""
    before, _ = read_cpu_times(kernel.read_proc("stat"))
    started = time.monotonic()
    time.sleep(seconds)
    after, _ = read_cpu_times(kernel.read_proc("stat"))
    if before is None or after is None:
        return None
    return (after - before) / (time.monotonic() - started)


def check_plugins(workspace: Workspace) -> Iterator[Finding]:
    """List the frameworks that are installed, and broken plugins with their reason."""
    catalog = workspace.catalog()
    for name, entry in sorted(catalog.frameworks.items()):
        yield Finding("ok", f"framework {name} from {entry.distribution} {entry.version}")
    for broken in catalog.broken:
        yield Finding("missing", f"plugin {broken.distribution}: {broken.reason}")
    if not catalog.frameworks:
        yield Finding("missing", "no framework plugin is installed", "pip install dlbench-numpy")
