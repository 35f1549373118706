"""Parity runs inside this process: the oracle in float64, then an adapter against its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import parity_tasks as tasks
from oracle_source import oracle_modules

from dlbench import job as wire
from dlbench.probes import for_oracle
from dlbench.worker import clock, jsonio, parity, phases, task

SEED = 5
SETTINGS = {"axes": {}, "seed": SEED, "threads": None, "device": "cpu"}


class Told(list[dict[str, Any]]):
    """Events, kept."""

    def emit(self, event: str, **facts: Any) -> None:
        self.append({"event": event, **facts})

    def progress(self, name: str, index: int, total: int, _seconds: float) -> None:
        self.append({"event": "progress", "name": name, "index": index, "total": total})


def execute(
    role: str,
    probes: tuple[wire.Probe, ...],
    make_adapter: Callable[[], Any],
    folder: Path,
    result: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Do the probes; ``make`` writes to folder/parity/<probe>, ``compare`` reads from there.

    ``result`` keeps what was observed before a failure.
    """
    job = {
        "parity": {"role": role, "probes": [msgspec.to_builtins(one) for one in probes]},
        "settings": SETTINGS,
    }
    result = {} if result is None else result
    result["settings"] = {}
    now = clock.Clock()
    result["phases"] = phases.Phases(now.name)
    result["events"] = Told()
    watch = (now, result["phases"], result["events"])
    parity.execute(job, make_adapter, (folder, folder / "parity"), watch, result)
    return result


def observed(result: dict[str, Any]) -> Any:
    """Return the observations as the wire spells them."""
    return jsonio.plain(result["parity"])


class Laboratory:
    """The oracle's modules, and its arrays in a folder."""

    def __init__(self, oracle: SimpleNamespace, folder: Path) -> None:
        self.oracle = oracle
        self.folder = folder

    def compare(
        self, probe: wire.Probe, adapter: type | None = None, task_done: wire.Task | None = None
    ) -> Any:
        """Return what is observed of ``adapter`` (the oracle's own where None is given).

        It computes in float32; with ``task_done`` it does that task in place of the probe's.
        """
        made = for_oracle(wire.Parity(role="compare", probes=(probe,)))
        execute("make", made.probes, lambda: self.make(self.oracle.adapter.Adapter), self.folder)
        asked = msgspec.structs.replace(probe, task=task_done or probe.task)
        result = execute(
            "compare",
            (asked,),
            lambda: self.make(adapter or self.oracle.adapter.Adapter),
            self.folder,
        )
        return observed(result)[probe.name]

    @staticmethod
    def make(adapter: Any) -> Any:
        return adapter(task.Settings(SETTINGS))


def doubled(one: wire.Task) -> wire.Task:
    """Return a task in float64."""
    return msgspec.structs.replace(one, precision=tasks.DOUBLE)


@contextmanager
def open_laboratory(folder: Path) -> Iterator[Laboratory]:
    """Yield a laboratory whose arrays are in ``folder``."""
    with oracle_modules() as oracle:
        yield Laboratory(oracle, folder)
