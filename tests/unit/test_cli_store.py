"""Results folders that cannot be written, disks that are full, and files that are no records."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import CommandLine, assert_explained, command, run_arguments


@pytest.fixture
def measured(dlbench: CommandLine) -> CommandLine:
    """One good record among files that are none."""
    assert dlbench.run("none").returncode == 0
    file = dlbench.record_files()[0]
    whole = file.read_bytes()
    newer = json.loads(whole) | {"schema": 99, "run_id": "ffffffffffff"}
    (file.parent / "empty.json").write_bytes(b"")
    (file.parent / "zeros.json").write_bytes(bytes(2000))
    (file.parent / "cut.json").write_bytes(whole[:2000])
    (file.parent / "binary.json").write_bytes(bytes(range(256)))
    (file.parent / "newer.json").write_text(json.dumps(newer), encoding="utf-8")
    (file.parent / "other.json").write_text('{"name": "package"}', encoding="utf-8")
    (file.parent / "dangling.json").symlink_to("nowhere")
    (file.parent / "folder.json").mkdir()
    return dlbench


#: The good record, and each file that is none with a word of the reason.
REASONS = {
    "empty": "the file is empty",
    "zeros": "the file is empty",
    "cut": "corrupt",
    "binary": "corrupt",
    "newer": "a newer dlbench made it",
    "other": "corrupt",
}


@pytest.mark.parametrize("words", [["compare"], ["list", "results"], ["compare", "rows"]])
def test_files_that_are_no_records(measured: CommandLine, words: list[str]) -> None:
    for _ in ("read", "indexed"):
        done = measured(*words)
        assert done.returncode == 0, done.stderr
        assert "faulty-1.0" in done.stdout
        skipped = {
            Path(line.split()[1].rstrip(":")).stem: line
            for line in done.stderr.splitlines()
            if line.startswith("skipped ")
        }
        assert "6 files were skipped" in done.stderr
        assert len(skipped) == 5, "the first five are named, the others counted"
        for name, line in skipped.items():
            assert REASONS[name] in line


def test_show_beside_files_that_are_no_records(measured: CommandLine) -> None:
    assert measured("show", "last").returncode == 0
    done = measured("show", "ffffffffffff")
    assert_explained(done, 4, "no run 'ffffffffffff'", "6 files there cannot be read")


def test_only_files_that_are_no_records(measured: CommandLine) -> None:
    measured.record_files()[0].unlink()
    done = measured("compare")
    assert_explained(done, 4, "there are no records in", "dlbench run makes some")
    assert "6 files were skipped" in done.stderr
    assert_explained(measured("show", "last"), 4, "no run 'last'", "6 files there cannot be read")


def test_results_folder_that_is_a_file(dlbench: CommandLine) -> None:
    dlbench.results.write_text("not a folder", encoding="utf-8")
    done = dlbench.run("none")
    assert_explained(done, 9, f"cannot write to the results folder {dlbench.results}", "--results")
    assert not (dlbench.cache / "runs").exists(), "something was started"
    for words in (["compare"], ["list", "results"], ["show", "last"]):
        assert_explained(dlbench(*words), 9, "cannot read the results folder", "--results")


def powerless() -> list[str]:
    """Return what takes root's right to write everywhere away; nothing for other users."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []


def test_results_folder_without_permission(dlbench: CommandLine) -> None:
    dlbench.results.mkdir(mode=0o500)
    done = subprocess.run(
        [*powerless(), *command(*run_arguments("none"))],
        env=dlbench.variables(),
        cwd=dlbench.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_explained(done, 9, "results folder", "Permission denied", "check its permissions")
    assert not (dlbench.cache / "runs").exists(), "something was started"


def test_results_folder_that_becomes_unwritable(dlbench: CommandLine) -> None:
    elsewhere = dlbench.folder / "temporary"
    elsewhere.mkdir()
    process = dlbench.start(*run_arguments("slow"), TMPDIR=str(elsewhere))
    assert process.stderr is not None
    said = ""
    while "[1/1]" not in said:
        said += process.stderr.readline()
    shutil.rmtree(dlbench.results)
    dlbench.results.write_text("in the way", encoding="utf-8")
    said += process.communicate(timeout=120)[1]
    done = subprocess.CompletedProcess([], process.returncode, "", said)
    assert_explained(done, 9, "cannot write ", "the record was put at ", "dlbench results import")
    saved = list((elsewhere / "dlbench-unsaved").glob("*.json"))
    assert len(saved) == 1
    dlbench.results.unlink()
    assert dlbench("results", "import", str(saved[0])).returncode == 0
    assert dlbench.records()[0]["outcome"]["status"] == "ok"


def on_small_disk(dlbench: CommandLine, folder: Path, size: str, *words: str) -> str:
    """Return what ``dlbench`` says with ``folder`` on a disk of so little room; code 9 or 8."""
    folder.mkdir(parents=True, exist_ok=True)
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    script = f'mount -t tmpfs -o size={size} none {folder} && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", *user, "sh", "-c", script, "sh", *command(*words)],
        env=dlbench.variables(),
        cwd=dlbench.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_explained(done, 8 if words[0] == "data" else 9, "make room")
    return done.stderr


def test_full_disk_for_results(dlbench: CommandLine) -> None:
    said = on_small_disk(dlbench, dlbench.results, "64k", *run_arguments("none"))
    assert f"results folder {dlbench.results}: No space left on device" in said
    assert not (dlbench.cache / "runs").exists(), "something was started"


def test_full_disk_for_the_files_of_runs(dlbench: CommandLine) -> None:
    said = on_small_disk(dlbench, dlbench.cache, "16k", *run_arguments("none"))
    assert "cannot write the files of a run in" in said
    assert "No space left on device" in said
    assert "DLBENCH_CACHE" in said


def test_full_disk_for_data(dlbench: CommandLine) -> None:
    said = on_small_disk(dlbench, dlbench.cache, "64k", "data", "fetch", "mnist")
    assert "dataset mnist needs " in said
    assert "DLBENCH_CACHE" in said
