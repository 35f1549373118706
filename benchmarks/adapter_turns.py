"""Two containers that do their steps in turns, so that both see the same machine.

Speed of a shared machine wanders by ten percent within half a minute; step by step it hits both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from dlbench.container import OUT
from dlbench.engine import Engine, Exit, RunSpec

HANDWRITTEN = Path(__file__).parent / "handwritten"
PASSED, GONE = b".", b"x"

#: The C library keeps what a program frees.  Left to itself it gives large arrays back and has them
#: mapped anew, page by page, in some processes at every step and in others at none, as the order of
#: the first steps' allocations falls out: a tenth of a step, by chance, on either side.
KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
}

Ours = TypeVar("Ours")
Theirs = TypeVar("Theirs")


class Seat:
    """An engine whose next run takes its turns: ``execute`` adds what that needs to IN and OUT."""

    def __init__(self, engine: Engine, count: int, environment: Mapping[str, str]) -> None:
        self._engine = engine
        self._count = count
        self._environment = environment
        self._passed = self._mine = -1
        self._ready = Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def execute(self, spec: RunSpec) -> Exit:
        """Execute one run that passes its turn on ``count`` times."""
        for file in ("turns.py", "turns_adapter.py"):
            shutil.copyfile(HANDWRITTEN / file, spec.in_folder / file)
        (spec.in_folder / "turns.txt").write_text(f"{OUT}\n{self._count}\n", encoding="ascii")
        name_adapter(spec.in_folder)
        self._passed, self._mine = (make_pipe(spec.out_folder / n) for n in ("passed", "mine"))
        self._ready.set()
        environment = {**spec.environment, **self._environment}
        return self._engine.execute(replace(spec, environment=environment))

    def leave(self, _run: object) -> None:
        """Say that the run has ended, however it did; it may never have begun."""
        if self._ready.is_set():
            os.write(self._passed, GONE)
        self._ready.set()

    def wait(self) -> bool:
        """Block until the turn has been passed on; False where the run has ended instead."""
        self._ready.wait()
        return self._passed >= 0 and os.read(self._passed, 1) == PASSED

    def grant(self) -> None:
        """Let the run go on."""
        os.write(self._mine, PASSED)

    def dismiss(self) -> None:
        """Tell the run, if it waits for a turn, that there will be none."""
        if self._mine >= 0:
            os.close(self._mine)


def name_adapter(in_folder: Path) -> None:
    """Put the adapter that takes turns before the job's own."""
    path = in_folder / "job.json"
    job = msgspec.json.decode(path.read_bytes())
    (in_folder / "adapter.txt").write_text(Path(job["adapter"]).stem, encoding="ascii")
    path.write_bytes(msgspec.json.encode(job | {"adapter": "turns_adapter.py"}))


def make_pipe(path: Path) -> int:
    """Make a named pipe that any user may open; opened for both ends, no open ever blocks."""
    os.mkfifo(path)
    path.chmod(0o666)
    return os.open(path, os.O_RDWR)


def play(
    engines: Sequence[Engine],
    count: int,
    ours: Callable[[Any], Ours],
    theirs: Callable[[Any], Theirs],
    environment: Mapping[str, str],
) -> tuple[Ours, Theirs]:
    """Execute two runs that do ``count`` steps in turns; return what both return.

    Both get the variables of ``environment`` beside their own.  The second starts when the first
    has done its first step: at once, the threads of one would wait for processors that those of the
    other spin on.  Raises RuntimeError where the first ends without a step, and nothing is wrong.
    """
    seats = [Seat(engine, count, environment) for engine in engines]
    with ThreadPoolExecutor(len(seats)) as pool, interrupted(engines):
        first = pool.submit(ours, seats[0])
        first.add_done_callback(seats[0].leave)
        if not seats[0].wait():
            raise RuntimeError(f"a run has ended before its first step: {first.result()}")
        second = pool.submit(theirs, seats[1])
        second.add_done_callback(seats[1].leave)
        referee(seats, count)
        return first.result(), second.result()


@contextmanager
def interrupted(engines: Sequence[Engine]) -> Iterator[None]:
    """End what the engines execute where the block is left by Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        for engine in engines:
            engine.interrupt()
        raise


def referee(seats: Sequence[Seat], count: int) -> None:
    """Grant turns until all are over; where a run ends before its time, tell the other one."""
    if not grant_turns(seats, count):
        for seat in seats:
            seat.dismiss()


def grant_turns(seats: Sequence[Seat], count: int) -> bool:
    """Grant turns: once the second, too, has done its first step, then as 1 2 2 1 1 2 2 1 ...

    Returns False where a run has ended before its time.
    """
    if not seats[1].wait():
        return False
    for number in range(count - 1):
        for seat in seats if number % 2 else reversed(seats):
            seat.grant()
            if not seat.wait():
                return False
    for seat in seats:
        seat.grant()
    return True
