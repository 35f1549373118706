"""Runs without containers: every way to end, on the interpreter that runs the tests."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from engine_runs import make_image, make_spec, read_log

from dlbench.engine import RunSpec
from dlbench.errors import EngineError
from dlbench.supervision import Ended
from dlbench.venv_engine import VenvEngine, explain, make_variables

IMAGE = make_image(sys.executable)


@pytest.fixture
def engine(tmp_path: Path) -> VenvEngine:
    return VenvEngine(tmp_path / "environments")


def start(engine: VenvEngine, spec: RunSpec) -> tuple[threading.Thread, list[object]]:
    """Execute ``spec`` in a thread, and return when it has printed something."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(engine.execute(spec)))
    thread.start()
    deadline = time.monotonic() + 30
    while not (spec.log.exists() and spec.log.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return thread, found


def test_exit_code_folders_and_log(tmp_path: Path, engine: VenvEngine) -> None:
    spec = make_spec(
        tmp_path,
        IMAGE,
        """
        import os, sys
        open(sys.argv[2] + "/result", "w").write("written")
        print(os.getcwd() == sys.argv[1], "naïve")
        sys.exit(3)
        """,
    )
    ended = engine.execute(spec)
    assert (ended.how, ended.code) == ("exited", 3)
    assert read_log(spec) == "True naïve\n"
    assert (spec.out_folder / "result").read_text() == "written"
    assert ended.wall_seconds > 0
    assert ended.cpu_seconds is not None
    assert ended.cpu_seconds > 0


def test_a_signal_is_a_code_above_128(tmp_path: Path, engine: VenvEngine) -> None:
    spec = make_spec(tmp_path, IMAGE, "import os; os.kill(os.getpid(), 11)")
    assert engine.execute(spec).code == 128 + signal.SIGSEGV


def test_a_command_that_is_not_there(tmp_path: Path, engine: VenvEngine) -> None:
    spec = make_spec(tmp_path, make_image("/no/such/python"), "")
    ended = engine.execute(spec)
    assert (ended.how, ended.code) == ("exited", 127)
    assert "/no/such/python cannot be started: No such file" in read_log(spec)


def test_timeout_gives_the_worker_time_to_write(tmp_path: Path, engine: VenvEngine) -> None:
    program = """
        import signal, sys, time
        def end(*_):
            open(sys.argv[2] + "/result", "w").write("late")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(60)
        """
    spec = make_spec(tmp_path, IMAGE, program, timeout_seconds=2)
    assert engine.execute(spec).how == "timeout"
    assert (spec.out_folder / "result").read_text() == "late"


def test_the_whole_family_is_ended(tmp_path: Path, engine: VenvEngine) -> None:
    program = """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
        print(child.pid, flush=True)
        """
    spec = make_spec(tmp_path, IMAGE, program)
    started = time.monotonic()
    assert engine.execute(spec).how == "exited"
    assert time.monotonic() - started < 30
    child = int(read_log(spec))
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_an_interruption(tmp_path: Path, engine: VenvEngine) -> None:
    spec = make_spec(tmp_path, IMAGE, "import time; print(1, flush=True); time.sleep(60)")
    thread, found = start(engine, spec)
    engine.interrupt()
    thread.join(30)
    assert [getattr(ended, "how", None) for ended in found] == ["interrupted"]
    again = make_spec(tmp_path, IMAGE, "")
    assert engine.execute(again).how == "exited"


def test_an_interruption_before_the_run(tmp_path: Path, engine: VenvEngine) -> None:
    engine.interrupt()
    spec = make_spec(tmp_path, IMAGE, "open('here', 'w')")
    assert engine.execute(spec).how == "interrupted"
    assert not (spec.in_folder / "here").exists()


def test_the_cpus_are_those_that_were_given(tmp_path: Path, engine: VenvEngine) -> None:
    cpu = min(os.sched_getaffinity(0))
    spec = make_spec(tmp_path, IMAGE, "import os; print(os.sched_getaffinity(0))", cpus=(cpu,))
    engine.execute(spec)
    assert read_log(spec) == f"{{{cpu}}}\n"


def test_a_flood_of_output_is_bounded(tmp_path: Path, engine: VenvEngine) -> None:
    program = "import sys\nfor _ in range(300): sys.stdout.write('x' * 100000)\nprint('end')"
    spec = make_spec(tmp_path, IMAGE, program)
    assert engine.execute(spec).code == 0
    assert spec.log.stat().st_size < 6_000_000
    assert read_log(spec).endswith("end\n")
    assert "bytes left out" in read_log(spec)


def test_scratch_is_fresh_and_removed(tmp_path: Path, engine: VenvEngine) -> None:
    program = "import os; print(os.environ['HOME']); open(os.path.expanduser('~/x'), 'w')"
    spec = make_spec(tmp_path, IMAGE, program)
    assert engine.execute(spec).code == 0
    assert not Path(read_log(spec).strip()).exists()


def test_scratch_is_kept_where_it_is_asked_for(tmp_path: Path, engine: VenvEngine) -> None:
    spec = make_spec(tmp_path, IMAGE, "import os; print(os.environ['HOME'])", keep=True)
    engine.execute(spec)
    scratch = Path(read_log(spec).strip())
    assert scratch.is_dir()
    scratch.rmdir()


def test_hidden_settings_do_not_reach_a_made_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONSTARTUP", "/x")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    spec = make_spec(tmp_path, IMAGE, "")
    made = make_variables(spec, tmp_path, own=False)
    assert "OMP_NUM_THREADS" not in made
    assert made["CUDA_VISIBLE_DEVICES"] == "1"
    own = make_variables(spec, tmp_path, own=True)
    assert own["OMP_NUM_THREADS"] == "7"
    assert "PYTHONSTARTUP" not in own
    assert own["PYTHONUSERBASE"]


def test_memory_limit_where_it_can_be_enforced(tmp_path: Path, engine: VenvEngine) -> None:
    program = "kept = []\nfor _ in range(300): kept.append(bytearray(2**20))\nprint('survived')"
    spec = make_spec(tmp_path, IMAGE, program, memory_bytes=64 * 2**20)
    ended = engine.execute(spec)
    enforced = engine.facts().enforces["memory"]
    if enforced:
        assert (ended.how, ended.code) == ("oom", 137)
        assert "memory limit" in ended.detail
    else:
        assert read_log(spec) == "survived\n"


def test_no_control_group_is_left(tmp_path: Path, engine: VenvEngine) -> None:
    engine.facts()
    spec = make_spec(tmp_path, IMAGE, "", memory_bytes=2**30)
    engine.execute(spec)
    root = Path("/sys/fs/cgroup")
    assert not [path for path in root.rglob(f"{spec.name}*") if path.is_dir()]
    assert not [path for path in root.rglob(f"dlbench-probe-{os.getpid()}") if path.is_dir()]


@pytest.mark.parametrize(
    ("how", "code", "kills", "limited", "expected"),
    [
        ("exited", 0, 1, True, "exited"),
        ("exited", 1, 1, True, "oom"),
        ("exited", 1, 1, False, "exited"),
        ("exited", 137, 1, False, "oom"),
        ("exited", 137, 0, True, "exited"),
        ("timeout", 137, 1, True, "timeout"),
    ],
)
def test_kills_for_memory_are_told_from_other_ends(
    how: str, code: int, kills: int, limited: bool, expected: str
) -> None:
    found, detail = explain(how, Ended(code=code), kills, limited=limited)  # type: ignore[arg-type]
    assert found == expected
    assert bool(detail) == bool(kills)


def test_the_user_s_own_interpreter(tmp_path: Path) -> None:
    engine = VenvEngine(tmp_path, python=sys.executable)
    assert engine.facts().details["python"] == sys.executable
    assert not engine.facts().enforces["network"]


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="there is no Python interpreter /no/python"):
        VenvEngine(tmp_path, python="/no/python")


def test_an_interpreter_that_does_not_work(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho broken for good >&2; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(
        EngineError, match=r"does not answer as a Python interpreter: broken for good"
    ):
        VenvEngine(tmp_path, python=str(broken))


def test_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(EngineError, match="no NVIDIA device"):
        VenvEngine(tmp_path).check_device("cuda")
    VenvEngine(tmp_path).check_device("cpu")


def test_a_run_does_not_outlive_dlbench(tmp_path: Path) -> None:
    """A dlbench that is killed takes its run along."""
    spec_folder = tmp_path / "run"
    spec_folder.mkdir()
    script = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[2])!r}]
from pathlib import Path
from engine_runs import make_image, make_spec
from dlbench.venv_engine import VenvEngine
program = "import os, time; print(os.getpid(), flush=True); time.sleep(120)"
spec = make_spec(Path({str(spec_folder)!r}), make_image(sys.executable), program)
VenvEngine(Path({str(tmp_path)!r})).execute(spec)
"""
    dlbench = psutil.Popen([sys.executable, "-c", script])
    log = spec_folder / "log"
    deadline = time.monotonic() + 30
    while not (log.exists() and log.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run = psutil.Process(int(log.read_text()))
    dlbench.kill()
    dlbench.wait(10)
    gone, _ = psutil.wait_procs([run], timeout=10)
    assert gone or run.status() == "zombie"
