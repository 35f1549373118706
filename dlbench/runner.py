"""One run: job -> engine -> result -> record, in a straight line."""

from __future__ import annotations

import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from dlbench.engine import BuiltImage, Engine, Exit, RunSpec
from dlbench.errors import StoreError
from dlbench.framework import Framework, Image
from dlbench.host import describe
from dlbench.job import Event, Job, WorkerResult
from dlbench.progress import decode, follow_events
from dlbench.record import (
    SCHEMA,
    CellFacts,
    ImageFacts,
    Kind,
    Limits,
    Outcome,
    ParityFacts,
    Provenance,
    Record,
    ScenarioFacts,
    Status,
)
from dlbench.watch import Watch

WORKER = Path(__file__).resolve().parent / "worker"

#: A result is some hundred kilobytes; one far above that is a fault, and is not read.
RESULT_LIMIT_BYTES = 32 * 2**20
EVENTS_LIMIT_BYTES = 64 * 2**20
LOG_TAIL_LINES = 20

#: What the common numeric libraries read their number of threads from.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


#: Nobody looked.
NO_PARITY = ParityFacts(verdict="not run", reason="switched off")


class PreparedRun(Struct, frozen=True, kw_only=True):
    """A run with everything decided: only executing it is left."""

    cell: CellFacts
    scenario: ScenarioFacts
    framework: Framework
    image: Image
    built: BuiltImage
    #: With an empty run id, which is given when the run begins.
    job: Job
    limits: Limits
    data_folder: Path | None
    campaign: str
    round: int
    wheels: tuple[str, ...] = ()
    keep: bool = False
    kind: Kind = "measurement"
    #: What is known of the cell's parity before the run begins.
    parity: ParityFacts = NO_PARITY


def new_id() -> str:
    """Return an id that no other run has."""
    return secrets.token_hex(6)


def execute_run(
    run: PreparedRun,
    engine: Engine,
    *,
    scratch: Path,
    provenance: Provenance,
    on_event: Callable[[Event], None] | None = None,
    on_output: Callable[[Path], None] | None = None,
) -> Record:
    """Execute ``run`` in a fresh container and return its record, whatever happens inside.

    ``scratch`` is a folder for the run's own files, which are removed afterwards unless the run
    is to be kept; ``on_output`` sees OUT of a run that ended well before that.  Raises EngineError
    where the run could not even begin, StoreError where its files could not be written.
    """
    run_id = new_id()
    started = datetime.now(UTC)
    with explained(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"run-{run_id}-", dir=scratch))
    try:
        job = msgspec.structs.replace(run.job, run_id=run_id)
        with explained(scratch):
            spec = write_inputs(run, job, folder)
        watch = Watch(engine.cpu_seconds, cpus=run.limits.cpus, device=run.cell.device)
        with _following(spec.out_folder / "events.jsonl", on_event), watch:
            ended = engine.execute(spec)
        environment = describe(watch, ended, engine.facts())
        result, outcome = read_outcome(ended, spec)
        if on_output is not None and outcome.ok:
            with explained(scratch):
                on_output(spec.out_folder)
        return Record(
            schema=SCHEMA,
            run_id=run_id,
            started=started.isoformat(timespec="milliseconds"),
            campaign=run.campaign,
            round=run.round,
            cell=run.cell,
            scenario=run.scenario,
            image=image_facts(run),
            job=job,
            limits=run.limits,
            outcome=outcome,
            result=result,
            events=read_events(spec.out_folder / "events.jsonl"),
            environment=environment,
            provenance=provenance,
            kind=run.kind,
            parity=run.parity,
        )
    finally:
        if not run.keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def explained(scratch: Path) -> Iterator[None]:
    """Raise StoreError where the files of a run cannot be written below ``scratch``."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write the files of a run in {scratch}: {error.strerror or error}",
            "make room, or name another folder for the cache with DLBENCH_CACHE",
        ) from error


def _following(
    path: Path, on_event: Callable[[Event], None] | None
) -> AbstractContextManager[object]:
    return follow_events(path, on_event) if on_event else nullcontext()


def write_inputs(run: PreparedRun, job: Job, folder: Path) -> RunSpec:
    """Lay out the folders of the protocol under ``folder`` and say how to execute the run."""
    in_folder, out_folder = folder / "in", folder / "out"
    in_folder.mkdir()
    out_folder.mkdir()
    shutil.copytree(
        WORKER, in_folder / "dlbench_worker", ignore=shutil.ignore_patterns("__pycache__")
    )
    adapter = run.image.adapter or run.framework.adapter
    for file in (adapter, *run.framework.files):
        shutil.copyfile(file, in_folder / file.name)
    (in_folder / "job.json").write_bytes(msgspec.json.encode(job))
    return RunSpec(
        run_id=job.run_id,
        name=f"dlbench-{job.run_id}",
        image=run.built,
        command=run.framework.command,
        in_folder=in_folder,
        out_folder=out_folder,
        data_folder=run.data_folder,
        log=folder / "log",
        environment=make_environment(run),
        cpus=run.limits.cpus,
        memory_bytes=run.limits.memory_bytes,
        pids=run.limits.pids,
        timeout_seconds=run.limits.timeout_seconds,
        device=run.cell.device,
        scratch=run.image.scratch,
        keep=run.keep,
    )


def make_environment(run: PreparedRun) -> dict[str, str]:
    """Return the variables of the run: the thread count for every library, then the image's own."""
    variables = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    if run.job.settings.threads is not None:
        variables |= dict.fromkeys(THREAD_VARIABLES, str(run.job.settings.threads))
    return variables | dict(run.image.environment)


def image_facts(run: PreparedRun) -> ImageFacts:
    """Return what the record keeps of the image that ``run`` had."""
    built = run.built
    return ImageFacts(
        image_id=built.image_id,
        device=built.device,
        tag=built.tag,
        context_digest=built.digest,
        engine_id=built.engine_id,
        pinned=built.pinned,
        versions=dict(run.image.versions),
        wheels=run.wheels,
        packages=dict(built.packages),
        system_packages=dict(built.system_packages),
    )


def read_outcome(ended: Exit, spec: RunSpec) -> tuple[WorkerResult | None, Outcome]:
    """Join how the host saw the run end with what the worker said, if it said anything."""
    result: WorkerResult | None = None
    status: Status = "missing"
    detail = describe_exit(ended)
    try:
        result = read_result(spec.out_folder / "result.json")
    except FileNotFoundError:
        pass
    except ValueError as error:
        status, detail = "invalid", str(error)
    else:
        status = result.status
        detail = describe_result(result) or ended.detail
    ok = status == "ok" and ended.how == "exited"
    return result, Outcome(
        how=ended.how,
        status=status,
        exit_code=ended.code,
        detail=detail,
        wall_seconds=ended.wall_seconds,
        log_tail="" if ok else read_tail(spec.log),
    )


def read_result(path: Path) -> WorkerResult:
    """Read ``result.json``; raises FileNotFoundError, and ValueError where it cannot be used."""
    size = path.stat().st_size
    if size > RESULT_LIMIT_BYTES:
        limit = RESULT_LIMIT_BYTES // 2**20
        raise ValueError(f"result.json has {size / 2**20:.0f} MiB, more than {limit} MiB")
    try:
        return msgspec.json.decode(path.read_bytes(), type=WorkerResult)
    except msgspec.DecodeError as error:
        raise ValueError(f"result.json does not follow the protocol: {error}") from None


def describe_result(result: WorkerResult) -> str:
    """Say in one line what kept the worker from measuring, if anything did."""
    if result.status == "unsupported":
        return result.reason
    if result.failure is not None:
        lines = result.failure.message.strip().splitlines() or [""]
        return f"{result.failure.type}: {lines[0]}" if lines[0] else result.failure.type
    return ""


def describe_exit(ended: Exit) -> str:
    """Say in one line how a worker that left no result ended."""
    if ended.how != "exited" or ended.code is None:
        return ended.detail or ended.how
    code = ended.code - 128 if ended.code > 128 else -ended.code
    try:
        name = f" ({signal.Signals(code).name})" if code > 0 else ""
    except ValueError:
        name = ""
    return f"the worker exited with code {ended.code}{name} and left no result"


def read_events(path: Path) -> list[Event]:
    """Return the events that were written whole; a killed run may have cut the last one."""
    try:
        with path.open("rb") as stream:
            return list(decode(stream.read(EVENTS_LIMIT_BYTES).splitlines()))
    except FileNotFoundError:
        return []


def read_tail(log: Path) -> str:
    """Return the last lines of the run's output, as text whatever bytes it holds."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 16384))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])
