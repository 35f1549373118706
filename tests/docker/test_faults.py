"""Every way that a run can end, through the command line, in real containers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from dlbench.docker_engine import DockerEngine

pytestmark = pytest.mark.docker

FAULTY = Path(__file__).parent.parent / "plugins" / "faulty"


def make_variables(results: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(FAULTY),
        "DLBENCH_SCENARIOS": str(FAULTY / "scenarios"),
        "DLBENCH_RESULTS": str(results),
    }


def dlbench(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dlbench", *arguments],
        env=make_variables(results),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run_fault(
    results: Path, fault: str, *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[Mapping[str, object]]]:
    done = dlbench(
        results, "run", "rows", "--quick", "--no-parity", "-f", f"faulty:fault={fault}",
        "--memory", "256m", *arguments,
    )  # fmt: skip
    return done, read_records(results)


def read_records(results: Path) -> list[Mapping[str, object]]:
    files = sorted((results / "rows" / "faulty").glob("*.json"))
    return [json.loads(file.read_bytes()) for file in files]


def outcome(record: Mapping[str, object]) -> Mapping[str, object]:
    found = record["outcome"]
    assert isinstance(found, dict)
    return found


def left_containers(records: Iterable[Mapping[str, object]]) -> str:
    """Return the containers of these runs that are still there."""
    found = ""
    for record in records:
        label = f"label=dlbench.run={record['run_id']}"
        found += subprocess.run(
            ["docker", "ps", "-aq", "--filter", label], capture_output=True, text=True, check=True
        ).stdout
    return found


@pytest.mark.parametrize("fault", ["none", "print", "flood"])
def test_good_runs(tmp_path: Path, fault: str) -> None:
    done, records = run_fault(tmp_path, fault)
    assert done.returncode == 0, done.stderr
    assert outcome(records[0])["status"] == "ok"
    assert "faulty-1.0" in done.stdout
    assert left_containers(records) == ""


@pytest.mark.parametrize(
    ("fault", "how", "status", "detail"),
    [
        ("crash", "exited", "missing", "SIGABRT"),
        ("silent", "exited", "missing", "left no result"),
        ("broken", "exited", "invalid", "does not follow the protocol"),
        ("huge", "exited", "invalid", "more than 32 MiB"),
        ("memory", "oom", "missing", ""),
        ("error", "exited", "failed", "ValueError: the naïve adapter failed"),
        ("unsupported", "exited", "unsupported", "this machine has no such unit"),
    ],
)
def test_bad_runs(tmp_path: Path, fault: str, how: str, status: str, detail: str) -> None:
    done, records = run_fault(tmp_path, fault)
    assert done.returncode == 10, done.stderr
    assert "1 of 1 runs did not end well" in done.stderr
    assert "Traceback" not in done.stderr
    found = outcome(records[0])
    assert (found["how"], found["status"]) == (how, status)
    assert detail in str(found["detail"])
    assert left_containers(records) == ""
    shown = dlbench(tmp_path, "show", str(records[0]["run_id"]))
    assert shown.returncode == 0
    compared = dlbench(tmp_path, "compare")
    assert ("oom" if how == "oom" else status) in compared.stdout


def test_timeout(tmp_path: Path) -> None:
    done, records = run_fault(tmp_path, "hang", "--timeout", "5")
    assert done.returncode == 10, done.stderr
    assert outcome(records[0])["how"] == "timeout"
    assert "timeout 5 s" in done.stdout
    assert left_containers(records) == ""


def test_refused_before_anything_starts(tmp_path: Path) -> None:
    done, records = run_fault(tmp_path, "refused")
    assert done.returncode == 11
    assert "this fault is refused before anything starts" in done.stderr
    assert records == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_signals_keep_what_was_measured(tmp_path: Path, number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "dlbench", "run", "rows", "--rounds", "1", "--no-parity"]
    command += ["-f", "faulty:fault=none", "-f", "faulty:fault=hang"]
    with subprocess.Popen(
        command, env=make_variables(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen = ""
        for line in process.stderr:
            seen += line
            if line.startswith("[2/2]"):
                break
        # The second run hangs once its worker has begun to build.
        time.sleep(4)
        process.send_signal(number)
        seen += process.stderr.read()
        assert process.wait(timeout=60) == code, seen
    records = read_records(tmp_path)
    assert {outcome(record)["how"] for record in records} == {"exited", "interrupted"}
    assert "what was measured is kept" in seen
    assert left_containers(records) == ""


def test_what_a_killed_dlbench_leaves_is_found_and_removed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dlbench", "run", "rows", "--quick", "--no-parity"]
    command += ["-f", "faulty:fault=hang"]
    with subprocess.Popen(command, env=make_variables(tmp_path), stderr=subprocess.DEVNULL) as run:
        name = await_container(run.pid)
        in_use = dlbench(tmp_path, "doctor", "--remove-leftovers").stdout
        assert name not in in_use
        run.kill()
    assert re.search(rf"docker rm -f .*{name}", dlbench(tmp_path, "doctor").stdout)
    assert f"removed container {name}" in dlbench(tmp_path, "doctor", "--remove-leftovers").stdout
    assert name not in {one.name for one in DockerEngine().leftovers()}
    assert name not in dlbench(tmp_path, "doctor").stdout


def await_container(pid: int) -> str:
    """Return the name of the container that the dlbench of this process runs."""
    deadline = time.monotonic() + 60
    shape = '{{.Names}}\t{{.Label "dlbench.owner"}}'
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["docker", "ps", "--format", shape], capture_output=True, text=True, check=True
        ).stdout
        for line in listed.splitlines():
            name, _, owner = line.partition("\t")
            if owner.split()[3:4] == [str(pid)]:
                return name
        time.sleep(0.2)
    raise AssertionError("no container of that dlbench came")
