"""Runs in real containers, in each engine: what they may do, how they end, what they leave."""

from __future__ import annotations

import gc
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from container_places import Place, await_podman, start_podman
from engine_runs import make_image, make_spec, read_log

from dlbench.docker_engine import DockerEngine
from dlbench.engine import Exit, RunSpec
from dlbench.errors import EngineError

pytestmark = pytest.mark.docker
pytest_plugins = ["container_fixtures"]

Run = Callable[..., tuple[Exit, str]]


@pytest.fixture
def run(place: Place, tmp_path: Path, left_behind: list[RunSpec]) -> Run:
    """Execute a program in the engine; return how it ended and what it printed."""

    def execute(program: str, **changes: Any) -> tuple[Exit, str]:
        spec = make_spec(tmp_path, place.image, program, **changes)
        left_behind.append(spec)
        ended = place.engine.execute(spec)
        return ended, read_log(spec)

    return execute


def await_output(spec: RunSpec) -> None:
    """Return when the run has printed something."""
    deadline = time.monotonic() + 60
    while not (spec.log.exists() and spec.log.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- how it ends -------------------------------------------------------------------------------


def test_exit_code_folders_and_log(run: Run, tmp_path: Path) -> None:
    ended, log = run(
        """
        import os, sys
        open(sys.argv[2] + "/result", "w").write("written")
        print(os.getcwd(), sys.argv[1:], "naïve")
        sys.exit(3)
        """
    )
    assert (ended.how, ended.code, ended.detail) == ("exited", 3, "")
    assert log == "/dlbench/in ['/dlbench/in', '/dlbench/out', '/dlbench/in'] naïve\n"
    assert (tmp_path / "out/result").read_text() == "written"
    assert 0 < ended.wall_seconds < 60


def test_processor_time_is_that_of_the_container(run: Run) -> None:
    ended, _ = run(
        """
        import time
        while time.process_time() < 1: pass
        """
    )
    assert ended.cpu_seconds is not None
    assert 1 <= ended.cpu_seconds < 3


@pytest.mark.parametrize("found", [False, True], ids=["group of ours", "group of its own"])
def test_processor_time_can_be_read_meanwhile(
    place: Place,
    tmp_path: Path,
    left_behind: list[RunSpec],
    monkeypatch: pytest.MonkeyPatch,
    found: bool,
) -> None:
    if found:
        # As without root: the container's group is where the engine has put it.
        monkeypatch.setattr(place.engine, "_cgroup", lambda _: "")
    program = """
        import time
        while time.process_time() < 1: pass
        print("burnt", flush=True)
        time.sleep(120)
        """
    spec = make_spec(tmp_path, place.image, program)
    left_behind.append(spec)
    assert place.engine.cpu_seconds() is None
    thread = threading.Thread(target=place.engine.execute, args=(spec,))
    thread.start()
    try:
        await_output(spec)
        used = place.engine.cpu_seconds()
    finally:
        place.engine.interrupt()
        thread.join(60)
    assert used is not None
    assert 0.95 <= used < 3
    assert place.engine.cpu_seconds() is None


def test_a_crash_is_a_signal(run: Run) -> None:
    ended, _ = run("import os; os.kill(os.getpid(), 11)")
    assert (ended.how, ended.code) == ("exited", 128 + signal.SIGSEGV)


def test_out_of_memory(run: Run) -> None:
    ended, log = run(
        """
        kept = []
        for count in range(300):
            kept.append(bytearray(2**20))
        print("survived")
        """,
        memory_bytes=64 * 2**20,
    )
    assert (ended.how, ended.code) == ("oom", 137)
    assert "memory limit" in ended.detail
    assert "survived" not in log


def test_a_kill_that_has_nothing_to_do_with_memory_is_no_oom(run: Run) -> None:
    ended, _ = run("import os; os.kill(os.getpid(), 9)", memory_bytes=256 * 2**20)
    assert (ended.how, ended.code) == ("exited", 137)


def test_timeout_gives_the_worker_time_to_write(run: Run, tmp_path: Path) -> None:
    ended, _ = run(
        """
        import signal, sys, time
        def end(*_):
            open(sys.argv[2] + "/result", "w").write("late")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        time.sleep(60)
        """,
        timeout_seconds=2,
    )
    assert ended.how == "timeout"
    assert (tmp_path / "out/result").read_text() == "late"
    assert ended.wall_seconds < 30


def test_timeout_kills_what_does_not_end(run: Run) -> None:
    ended, _ = run(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(120)
        """,
        timeout_seconds=1,
    )
    assert (ended.how, ended.code) == ("timeout", 137)
    assert ended.wall_seconds < 60


def test_interruption_from_another_thread(
    place: Place, tmp_path: Path, left_behind: list[RunSpec]
) -> None:
    program = "import time; print('here', flush=True); time.sleep(120)"
    spec = make_spec(tmp_path, place.image, program)
    left_behind.append(spec)
    found: list[Exit] = []
    thread = threading.Thread(target=lambda: found.append(place.engine.execute(spec)))
    thread.start()
    await_output(spec)
    place.engine.interrupt()
    thread.join(60)
    assert [ended.how for ended in found] == ["interrupted"]
    assert place.engine.execute(make_spec(tmp_path, place.image, "")).how == "exited"


def test_interruption_from_a_signal_handler(
    place: Place, tmp_path: Path, left_behind: list[RunSpec]
) -> None:
    program = "import time; print('here', flush=True); time.sleep(120)"
    spec = make_spec(tmp_path, place.image, program)
    left_behind.append(spec)
    previous = signal.signal(signal.SIGUSR1, lambda *_: place.engine.interrupt())
    thread = signal_when_running(spec, signal.SIGUSR1)
    try:
        assert place.engine.execute(spec).how == "interrupted"
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, previous)


def test_ctrl_c_that_nobody_handles(
    place: Place, tmp_path: Path, left_behind: list[RunSpec]
) -> None:
    program = "import time; print('here', flush=True); time.sleep(120)"
    spec = make_spec(tmp_path, place.image, program)
    left_behind.append(spec)
    thread = signal_when_running(spec, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        place.engine.execute(spec)
    thread.join()


def signal_when_running(spec: RunSpec, number: signal.Signals) -> threading.Thread:
    here = threading.get_ident()

    def send() -> None:
        await_output(spec)
        signal.pthread_kill(here, number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_an_engine_that_goes_away(podman: Place, tmp_path: Path) -> None:
    """Podman's service is killed under a run, which Podman itself survives."""
    address = f"unix://{tmp_path}/p.sock"
    service = start_podman(address)
    spec = make_spec(
        tmp_path, podman.image, "import time; print('here', flush=True); time.sleep(120)"
    )

    def kill_when_running() -> None:
        await_output(spec)
        service.kill()

    try:
        engine = await_podman(service, address)
        killer = threading.Thread(target=kill_when_running)
        killer.start()
        ended = engine.execute(spec)
        killer.join()
        engine.close()
        with warnings.catch_warnings():
            # docker-py forgets a socket whose connection was refused.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    finally:
        service.kill()
        service.wait(30)
        subprocess.run(["podman", "rm", "-f", "-t", "0", spec.name], check=True)
    assert ended.how == "lost"
    assert "podman went away" in ended.detail
    assert ended.wall_seconds < 60


# -- what it may do ----------------------------------------------------------------------------


def test_no_network(run: Run) -> None:
    _, log = run(
        """
        import os, socket
        print(os.listdir("/sys/class/net"))
        try:
            socket.create_connection(("192.0.2.1", 80), 5)
        except OSError as error:
            print(error.strerror)
        """
    )
    assert log == "['lo']\nNetwork is unreachable\n"


def test_no_capabilities_and_no_new_ones(run: Run) -> None:
    _, log = run("print(open('/proc/self/status').read())")
    status = dict(line.split(":\t") for line in log.splitlines() if ":\t" in line)
    assert {status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"].strip() == "1"


@pytest.mark.parametrize(
    "folder", ["/", "/usr", "/opt/venv", "/dlbench/in", "/dlbench/data", "/var"]
)
def test_everything_but_out_and_scratch_is_read_only(run: Run, tmp_path: Path, folder: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "x.npy").write_text("kept")
    ended, log = run(
        f"""
        print(open("/dlbench/data/x.npy").read())
        open("/tmp/scratch", "w").write("fine")
        open("{folder}/new", "w")
        """,
        data_folder=data,
    )
    assert ended.code == 1
    # Output and errors are two streams, which may arrive in either order.
    assert "kept" in log
    assert "Read-only file system" in log


def test_scratch_is_not_executable_unless_declared(run: Run) -> None:
    _, log = run(
        """
        import os, shutil, subprocess
        for folder in ("/tmp", "/tmp/made"):
            shutil.copy("/bin/true", folder + "/true")
            try:
                print(subprocess.call([folder + "/true"]))
            except OSError as error:
                print(error.strerror)
        """,
        scratch=("/tmp/made",),
    )
    assert log == "Permission denied\n0\n"


def test_home_and_caches_are_scratch(run: Run) -> None:
    _, log = run(
        """
        import getpass, os, tempfile
        print(os.path.expanduser("~"), tempfile.gettempdir(), os.environ["XDG_CACHE_HOME"])
        print(getpass.getuser())
        os.makedirs(os.environ["XDG_CACHE_HOME"] + "/x")
        """
    )
    assert log == "/tmp /tmp /tmp/.cache\ndlbench\n"


def test_the_caller_s_user(place: Place, tmp_path: Path, left_behind: list[RunSpec]) -> None:
    engine = DockerEngine(place.address, place.engine.name, user=(12345, 23456))
    program = """
        import os, sys
        print(os.getuid(), os.getgid(), os.getgroups())
        open(sys.argv[2] + "/result", "w").write("mine")
        os.makedirs(os.path.expanduser("~/.cache/x"))
        """
    spec = make_spec(tmp_path, place.image, program)
    left_behind.append(spec)
    assert engine.execute(spec).code == 0
    engine.close()
    assert read_log(spec).startswith("12345 23456")
    assert (spec.out_folder / "result").stat().st_uid == 12345


def test_fixed_cpus_and_processes(run: Run) -> None:
    _, log = run(
        """
        import os, threading
        print(os.sched_getaffinity(0))
        count = 0
        wait = threading.Event()
        try:
            while count < 100:
                threading.Thread(target=wait.wait).start()
                count += 1
        except RuntimeError as error:
            print(error)
        wait.set()
        """,
        cpus=(0,),
        pids=32,
    )
    assert log == "{0}\ncan't start new thread\n"


def test_no_swap_beside_memory(run: Run) -> None:
    _, log = run("print('ran')", memory_bytes=128 * 2**20)
    assert log == "ran\n"


# -- what it leaves ----------------------------------------------------------------------------


def test_a_flood_of_output_is_bounded(run: Run, tmp_path: Path) -> None:
    ended, log = run(
        "import sys\nfor _ in range(300): sys.stdout.write('x' * 100000)\nprint('the end')"
    )
    assert ended.code == 0
    assert (tmp_path / "log").stat().st_size < 6_000_000
    assert log.endswith("the end\n")
    assert "bytes left out" in log


def test_a_container_is_kept_where_it_is_asked_for(place: Place, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, place.image, "print(1)", keep=True)
    try:
        assert place.engine.execute(spec).code == 0
        states = {one.name: one.state for one in place.engine.leftovers()}
        assert states[spec.name] == "kept"
    finally:
        subprocess.run([place.engine.name, "rm", "-f", spec.name], check=True, capture_output=True)


def test_an_image_that_is_gone(place: Place, tmp_path: Path, left_behind: list[RunSpec]) -> None:
    spec = make_spec(tmp_path, make_image("python3", "sha256:" + "1" * 64), "")
    left_behind.append(spec)
    with pytest.raises(EngineError, match=f"{place.engine.name} refuses to start container"):
        place.engine.execute(spec)


def test_a_folder_that_is_gone(place: Place, tmp_path: Path, left_behind: list[RunSpec]) -> None:
    spec = make_spec(tmp_path, place.image, "", data_folder=tmp_path / "none")
    left_behind.append(spec)
    with pytest.raises(EngineError, match="which the run needs, is not there"):
        place.engine.execute(spec)


def test_a_program_that_is_not_there(
    place: Place, tmp_path: Path, left_behind: list[RunSpec]
) -> None:
    spec = make_spec(tmp_path, place.image, "", command=("/no/program",))
    left_behind.append(spec)
    ended = place.engine.execute(spec)
    assert ended.how == "exited"
    assert ended.code
    assert "/no/program" in read_log(spec) or "No such file" in read_log(spec)


# -- the engine itself -------------------------------------------------------------------------


def test_facts(place: Place) -> None:
    facts = place.engine.facts()
    assert facts.name == place.engine.name
    assert facts.version[0].isdigit()
    assert all(facts.enforces.values())
    assert Path(facts.details["data_root"]).is_absolute()


def test_cuda_without_a_device(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setitem(place.engine._info, "Runtimes", {"runc": {}})
    with pytest.raises(EngineError, match="has no NVIDIA runtime here") as caught:
        place.engine.check_device("cuda")
    assert "nvidia-container-toolkit" in caught.value.hint
    place.engine.check_device("cpu")
