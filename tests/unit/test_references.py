"""The oracle's arrays in the cache: what is dropped, and what never is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from golden import GOLDEN

from dlbench import references as module
from dlbench.job import Parity
from dlbench.probes import for_oracle
from dlbench.references import LEFT_SECONDS, MANIFEST, References, count_bytes

OURS, OTHERS = "0" * 24, "1" * 24
KEYS = [f"{number:024x}" for number in range(10, 15)]
DAY = LEFT_SECONDS + 60


@pytest.fixture
def references(tmp_path: Path) -> References:
    return References(cache=tmp_path)


def keep(references: References, key: str, maker: str = OURS, *, age_seconds: float = 0) -> Path:
    """Keep 1000 bytes under a key, used so long ago."""
    source = references.cache / "out"
    (source / "network").mkdir(parents=True)
    (source / "network" / "losses.npy").write_bytes(b"x" * 1000)
    references.folder.mkdir(exist_ok=True)
    folder = references.keep(key, source, maker)
    make_old(folder / MANIFEST, age_seconds)
    return folder


def make_old(path: Path, age_seconds: float) -> None:
    then = time.time() - age_seconds
    os.utime(path, (then, then))


def limit(monkeypatch: pytest.MonkeyPatch, limit_bytes: int) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", limit_bytes)


def left(references: References) -> list[str]:
    return sorted(folder.name for folder in references.list_folders())


def test_arrays_of_another_oracle_go_after_a_day(references: References) -> None:
    keep(references, KEYS[0], OURS, age_seconds=DAY)
    keep(references, KEYS[1], OTHERS, age_seconds=DAY)
    keep(references, KEYS[2], OTHERS, age_seconds=DAY - 120)
    before = references.count_kept_bytes()
    dropped = references.drop_useless(OURS)
    assert left(references) == [KEYS[0], KEYS[2]]
    assert dropped > 1000
    assert references.count_kept_bytes() == before - dropped


def test_what_is_not_whole_goes_too(references: References) -> None:
    folder = keep(references, KEYS[0])
    (folder / MANIFEST).unlink()
    make_old(folder, DAY)
    assert references.drop_useless(OURS) == 1000
    assert left(references) == []


def test_beyond_the_limit_the_longest_unused_go(
    references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, key in enumerate(KEYS):
        keep(references, key, age_seconds=100.0 * age)
    size = references.count_kept_bytes() // len(KEYS)
    limit(monkeypatch, 4 * size)
    assert references.drop_useless(OURS) == size
    assert left(references) == KEYS[:4]
    references.drop_useless(OURS, needed_bytes=2 * size)
    assert left(references) == KEYS[:2]
    assert references.drop_useless(OURS, needed_bytes=2 * size) == 0


def test_use_is_what_counts(references: References, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS[:2]:
        keep(references, key, age_seconds=DAY)
    with references.in_use(KEYS[0]):
        pass
    limit(monkeypatch, references.count_kept_bytes() - 1)
    references.drop_useless(OURS)
    assert left(references) == [KEYS[0]]


@pytest.mark.parametrize("how", ["used", "made"])
def test_nothing_that_is_used_or_made_is_dropped(
    references: References, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = keep(references, KEYS[0], OTHERS)
    limit(monkeypatch, 0)
    used = references.in_use(KEYS[0])
    made = references.locked(KEYS[0], lambda _text: None, lambda: False)
    with used if how == "used" else made:
        make_old(folder / MANIFEST, DAY)
        assert references.drop_useless(OURS) == 0
    assert references.find(KEYS[0]) == folder
    assert references.drop_useless(OURS) > 0
    assert references.find(KEYS[0]) is None


def test_many_use_the_same_at_once(references: References) -> None:
    keep(references, KEYS[0])
    with references.in_use(KEYS[0]), references.in_use(KEYS[0]):
        assert references.find(KEYS[0])


USER = """
import sys
from pathlib import Path
from dlbench.references import References
with References(cache=Path(sys.argv[1])).in_use(sys.argv[2]):
    print("in use", flush=True)
    sys.stdin.read()
"""


def test_a_process_that_dies_uses_nothing_any_more(
    references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(references, KEYS[0])
    limit(monkeypatch, 0)
    command = [sys.executable, "-c", USER, str(references.cache), KEYS[0]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"in use\n"
        assert references.drop_useless(OURS) == 0
        user.kill()
        user.wait()
        assert references.drop_useless(OURS) > 0
    assert left(references) == []


def test_what_a_killed_process_has_left_goes_at_once(references: References) -> None:
    debris = references.folder / f".{KEYS[0]}.abcdef" / "made"
    debris.mkdir(parents=True)
    (debris / "losses.npy").write_bytes(b"x" * 1000)
    with references.locked(KEYS[0], lambda _text: None, lambda: False):
        assert references.drop_useless(OURS) == 0
    assert references.drop_useless(OURS) == 1000
    assert left(references) == []


def test_verdicts_and_files_of_others_stay(references: References) -> None:
    verdict = references.folder / "verdicts" / f"{KEYS[0]}.json"
    verdict.parent.mkdir(parents=True)
    verdict.write_text("{}")
    (references.folder / "notes").mkdir()
    make_old(references.folder / "notes", DAY)
    assert references.drop_useless(OURS) == 0
    assert verdict.exists()
    assert (references.folder / "notes").exists()


def test_a_cache_that_is_not_there_is_empty(references: References) -> None:
    assert references.drop_useless(OURS) == 0
    assert references.count_kept_bytes() == 0


def test_room_is_asked_for_weights_and_outputs() -> None:
    written = (GOLDEN / "parity-mnist-cnn.json").read_bytes()
    parity = for_oracle(msgspec.json.decode(written, type=Parity))
    weights = 2 * 1199882 + (39 + 1) * 10 + 2 * (1024 + 1) * 8
    assert count_bytes(parity) == 4 * weights + 8 * 3 * 16 * 10
