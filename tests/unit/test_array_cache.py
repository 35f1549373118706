from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_dataset
from tiny_dataset import declare, site, write_files

from dlbench.array_cache import faults, find, obtain, place
from dlbench.errors import DataError
from dlbench.sources import Progress


def test_the_arrays_are_those_of_the_original_files(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "site")
    dataset = obtain(declare(site(folder.as_uri())), cache=tmp_path)

    images = np.load(dataset.folder / "train_images.npy")
    labels = np.load(dataset.folder / "train_labels.npy")
    assert images.shape == (4, 2, 3, 1)
    assert images.dtype == np.uint8
    assert images.ravel().tolist() == list(range(24))
    assert labels.tolist() == [5, 0, 4, 1]
    assert labels.dtype == np.int32
    assert dataset.manifest.source == folder.as_uri()


def test_a_cached_dataset_needs_no_source(tmp_path: Path) -> None:
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    first = obtain(declared, cache=tmp_path)
    for path in (tmp_path / "site").iterdir():
        path.unlink()
    assert obtain(declared, cache=tmp_path) == first


def test_a_dead_source_is_followed_by_the_next(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "site", suffix=".gz")
    seen: list[Progress] = []
    dataset = obtain(
        declare(site("http://127.0.0.1:9/nothing"), site(folder.as_uri(), suffix=".gz")),
        cache=tmp_path,
        on_progress=seen.append,
    )
    assert dataset.manifest.source == folder.as_uri()
    activities = list(dict.fromkeys(progress.activity for progress in seen))
    assert activities == ["http://127.0.0.1:9/nothing", folder.as_uri(), "unpacking"]


def test_the_error_names_every_source_and_how_to_import(tmp_path: Path) -> None:
    missing = (tmp_path / "missing").as_uri()
    with pytest.raises(DataError) as caught:
        obtain(declare(site("http://127.0.0.1:9/x"), site(missing)), cache=tmp_path)
    assert "http://127.0.0.1:9/x (no connection" in caught.value.message
    assert f"{missing} (no connection" in caught.value.message
    assert "\n" not in caught.value.message
    assert "dlbench data import tiny FILE" in caught.value.hint


def test_a_wrong_hash_is_refused_and_not_kept(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "site")
    (folder / "test-labels").write_bytes(tiny_dataset.idx(bytes([9, 9]), 2))
    declared = declare(site(folder.as_uri()))
    with pytest.raises(DataError, match=r"test-labels has sha256 \w+\.\.\., not \w+\.\.\."):
        obtain(declared, cache=tmp_path)
    assert find(declared, tmp_path) is None

    write_files(folder)
    assert obtain(declared, cache=tmp_path).manifest.source == folder.as_uri()


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda folder: (folder / "test_labels.npy").unlink(), "test_labels.npy is missing"),
        (lambda folder: truncate(folder / "train_images.npy"), "train_images.npy has 100 bytes"),
        (lambda folder: flip(folder / "train_images.npy"), "train_images.npy has another hash"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json cannot be read"),
        (lambda folder: renumber(folder / "manifest.json"), "manifest.json is of another dlbench"),
    ],
)
def test_a_spoilt_cache_is_named_and_made_anew(
    tmp_path: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    folder = obtain(declared, cache=tmp_path).folder
    spoil(folder)

    assert find(declared, tmp_path) is None
    assert any(line.startswith(fault) for line in faults(declared, tmp_path))

    obtain(declared, cache=tmp_path)
    assert faults(declared, tmp_path, thorough=True) == []


def truncate(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, 100)


def flip(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(1, 1))


def renumber(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 999}))


def test_a_change_that_keeps_size_and_time_is_found_when_thorough(tmp_path: Path) -> None:
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    path = obtain(declared, cache=tmp_path).folder / "train_images.npy"
    modified_ns = path.stat().st_mtime_ns
    flip(path)
    os.utime(path, ns=(modified_ns, modified_ns))
    assert faults(declared, tmp_path) == []
    assert faults(declared, tmp_path, thorough=True) == ["train_images.npy has another hash"]


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    folder = place(declared, tmp_path)
    leftover = folder.parent / f".{folder.name}.abc" / "arrays"
    leftover.mkdir(parents=True)
    (leftover / "train_images.npy").write_bytes(b"half")

    obtain(declared, cache=tmp_path)
    folders = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
    assert folders == ["downloads", folder.name]


def environment_with_tests() -> dict[str, str]:
    root = Path(__file__).parent
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root.parent.parent}"}


TWO_AT_ONCE = """
import sys
from collections.abc import Callable
from pathlib import Path
from tiny_dataset import declare, site
from dlbench.array_cache import obtain
seen = []
dataset = obtain(declare(site(sys.argv[1])), cache=Path(sys.argv[2]), on_progress=seen.append)
print(any("unpacking" == step.activity for step in seen), dataset.folder)
"""


def test_of_several_processes_at_once_one_works(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "site")
    command = [sys.executable, "-c", TWO_AT_ONCE, folder.as_uri(), str(tmp_path / "cache")]
    environment = environment_with_tests()
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(3)
    ]
    said = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(word for word, _ in said) == ["False", "False", "True"]
    assert len({folder for _, folder in said}) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from tiny_dataset import declare, site
from dlbench.array_cache import obtain

def die(progress):
    if progress.activity == "unpacking":
        os.kill(os.getpid(), signal.SIGKILL)

obtain(declare(site(sys.argv[1])), cache=Path(sys.argv[2]), on_progress=die)
"""


def test_a_process_killed_half_way_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    source = write_files(tmp_path / "site").as_uri()
    command = [sys.executable, "-c", KILLED, source, str(tmp_path)]
    killed = subprocess.run(command, env=environment_with_tests(), check=False)
    assert killed.returncode == -signal.SIGKILL
    declared = declare(site(source))
    folder = place(declared, tmp_path)
    assert list(folder.parent.glob(f".{folder.name}.*/originals/train-images"))
    assert find(declared, tmp_path) is None

    obtain(declared, cache=tmp_path)
    assert faults(declared, tmp_path, thorough=True) == []
    assert not list(folder.parent.glob(f".{folder.name}.*/"))


def test_too_little_room_is_said_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    with pytest.raises(DataError, match=r"needs \d+ MB in .*, where 0 MB are free"):
        obtain(declare(site("http://127.0.0.1:9/x")), cache=tmp_path)


def test_a_cache_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="dataset tiny: ") as caught:
        obtain(declare(site("http://127.0.0.1:9/x")), cache=tmp_path)
    assert "DLBENCH_CACHE" in caught.value.hint


def test_imported_files_replace_what_is_there_only_when_right(tmp_path: Path) -> None:
    declared = declare(site(write_files(tmp_path / "site").as_uri()))
    before = obtain(declared, cache=tmp_path)
    wrong = tmp_path / "test-labels"
    wrong.write_bytes(b"something else")
    with pytest.raises(DataError, match="train-images is missing") as caught:
        obtain(declared, cache=tmp_path, files=[wrong], again=True)
    assert "test-labels has sha256" in caught.value.message
    assert find(declared, tmp_path) == before

    after = obtain(declared, cache=tmp_path, files=[tmp_path / "site"], again=True)
    assert after.manifest.source == "imported files"
    assert after.folder == before.folder


def test_a_folder_that_cannot_be_read_counts_as_absent(tmp_path: Path) -> None:
    declared = declare(site("http://127.0.0.1:9/x"))
    (place(declared, tmp_path) / "manifest.json").mkdir(parents=True)
    assert find(declared, tmp_path) is None
    assert faults(declared, tmp_path) == ["manifest.json cannot be read"]
