"""The worker from start to end: everything that happens is in the result."""
from __future__ import absolute_import

import importlib
import os
import signal
import sys

from . import Interrupted, Unsupported, audit, blocks, epochs, facts, failure, initial, jsonio
from . import parity, predictions
from .clock import Clock
from .phases import Events, Phases
from .run import Run
from .task import Settings, Task

PROTOCOL = 1


def main(arguments):
    """Do the job in ``IN``, write the result to ``OUT``; return the exit code."""
    in_folder, out_folder, data_folder = [os.path.abspath(one) for one in arguments]
    clock = Clock()
    phases = Phases(clock.name)
    events = Events(os.path.join(out_folder, "events.jsonl"), clock.now)
    result = {"protocol": PROTOCOL, "status": "failed", "settings": {}, "versions": {}}
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _interrupt)
    try:
        folders = (in_folder, out_folder, data_folder)
        _execute(folders, clock, phases, events, result)
        result["status"] = "ok"
    except Unsupported as error:
        result["status"] = "unsupported"
        result["reason"] = failure.describe(error)["message"]
    except BaseException as error:  # whatever ends a run is data: SystemExit, MemoryError...
        result["failure"] = failure.describe(error)
    _ignore_signals()
    _finish(result, clock, phases)
    events.emit("end", name=result["status"])
    events.close()
    jsonio.write(os.path.join(out_folder, "result.json"), result)
    return 0


def _execute(folders, clock, phases, events, result):
    in_folder, out_folder, data_folder = folders
    job = jsonio.read(os.path.join(in_folder, "job.json"))
    _check(job)
    events.emit("phase", name="import")
    make_adapter = _load(job, in_folder, clock, phases)
    adapter = make_adapter()
    result["versions"] = facts.versions(adapter)
    if job.get("parity") is not None:
        watch = (clock, phases, events)
        parity.execute(job, make_adapter, (out_folder, data_folder), watch, result)
        return
    _check_features(job, adapter)
    run = Run(job, Task(job["task"]), adapter, clock, phases, events)
    result["warmup"] = run.warmup
    run.load_data(data_folder)
    _build(run, result)
    epochs.measure(run)
    blocks.measure(run, job["plan"].get("epochs", 0))
    predictions.measure(run)
    result["settings"]["finished"] = adapter.settings()
    result["dropped_items"] = run.dropped_items
    result["padded_items"] = run.padded_items
    phases.once("peak_memory", facts.peak_memory_bytes(), unit="bytes")
    events.emit("phase", name="audit")
    result["audit"], result["parameter_count"] = audit.inspect(run, result["settings"]["finished"])
    if "device_peak_memory" in adapter.features:
        phases.once("device_peak_memory", adapter.device_peak_memory(), unit="bytes")


def _check(job):
    if job["protocol"] != PROTOCOL:
        raise ValueError("this worker speaks protocol %d, the job %d" % (PROTOCOL, job["protocol"]))
    if job.get("processes", 1) != 1:
        raise Unsupported("the Python worker runs one process, not %d" % job["processes"])


def _check_features(job, adapter):
    if job.get("loop", "step") == "epoch" and "train_epoch" not in adapter.features:
        raise Unsupported("this adapter has no epoch loop of its own (train_epoch)")


def _load(job, in_folder, clock, phases):
    """Import the adapter, and with it its framework; return what makes a fresh one."""
    sys.path.insert(0, in_folder)
    name = os.path.splitext(job["adapter"])[0]
    start = clock.now()
    module = importlib.import_module(name)
    phases.once("import", clock.now() - start)
    return lambda: module.Adapter(Settings(job["settings"]))


def _build(run, result):
    """Build the task and give it its initial weights."""
    run.events.emit("phase", name="build")
    start = run.now()
    run.adapter.build(run.task)
    run.adapter.synchronize()
    run.phases.once("build", run.now() - start)
    weights = run.task.weights()
    for index, weight in enumerate(weights):
        run.adapter.set_weights({weight.name: initial.make(weight, index, run.seed)})
    result["settings"]["built"] = run.adapter.settings()


def _finish(result, clock, phases):
    """Add what is asked at the very end, however the run ended."""
    if not phases.values("peak_memory"):
        phases.once("peak_memory", facts.peak_memory_bytes(), unit="bytes")
    result["clock"] = dict(
        clock.describe(), garbage_collection="off in steps, blocks and predictions; on in epochs"
    )
    result["phases"] = phases.report()
    try:
        result["packages"] = facts.packages()
    except Exception as error:
        sys.stderr.write("the installed packages cannot be listed: %r\n" % (error,))


def _interrupt(number, _frame):
    _ignore_signals()
    raise Interrupted("ended by signal %d" % number)


def _ignore_signals():
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
