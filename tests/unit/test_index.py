from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

import pytest
from records import make_failure, make_record

from dlbench import index
from dlbench.index import FILES, NAME, Indexed
from dlbench.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    store.save(make_record("aaaa00000001"))
    store.save(make_failure("aaaa00000002", "timeout", "missing"))
    return store


def ids(store: Store) -> list[str]:
    return sorted(run.run_id for run in store.select().runs)


def count_reads(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []
    original = Store._read

    def note(self: Store, path: str) -> Indexed:
        read.append(path)
        return original(self, path)

    monkeypatch.setattr(Store, "_read", note)
    return read


def test_a_record_is_read_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.select().runs
    read = count_reads(store, monkeypatch)
    assert store.select().runs == before
    assert read == []


def test_what_is_new_is_read_and_what_is_gone_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids(store)
    read = count_reads(store, monkeypatch)
    path = store.save(make_record("aaaa00000003"))
    assert ids(store) == ["aaaa00000001", "aaaa00000002", "aaaa00000003"]
    assert read == [str(path.relative_to(store.folder))]
    path.unlink()
    assert ids(store) == ["aaaa00000001", "aaaa00000002"]
    assert ids(store) == ["aaaa00000001", "aaaa00000002"]


def test_a_changed_file_is_read_again(store: Store) -> None:
    ids(store)
    path = store.locate("aaaa00000001")
    path.write_text("{")
    assert ids(store) == ["aaaa00000002"]
    assert [one.kind for one in store.select().unreadable] == ["corrupt"]


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"x" * 4000]
)
def test_a_corrupt_index_is_made_anew(
    store: Store, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = store.select().runs
    (store.folder / NAME).write_bytes(content)
    assert store.select().runs == expected
    store.select()
    read = count_reads(store, monkeypatch)
    assert store.select().runs == expected
    assert read == []


def test_damage_inside_the_index_changes_no_answer(store: Store) -> None:
    for number in range(60):
        store.save(make_record(f"bbbb{number:08x}"))
    expected = store.select().runs
    path = store.folder / NAME
    whole = path.read_bytes()
    choice = random.Random(3)
    for start in range(0, len(whole), 5000):
        path.write_bytes(whole[:start] + choice.randbytes(64) + whole[start + 64 :])
        assert store.select().runs == expected


def test_a_number_that_has_changed_in_the_index_is_not_believed(store: Store) -> None:
    expected = store.select().runs
    with sqlite3.connect(store.folder / NAME) as database:
        blobs = database.execute(f"SELECT path, content FROM {FILES}").fetchall()
        for path, blob in blobs:
            changed = blob[:-9] + bytes([blob[-9] ^ 1]) + blob[-8:]
            database.execute(f"UPDATE {FILES} SET content = ? WHERE path = ?", (changed, path))
    database.close()
    assert store.select().runs == expected


def test_a_row_that_cannot_be_decoded_is_read_from_its_file(store: Store) -> None:
    expected = store.select().runs
    with sqlite3.connect(store.folder / NAME) as database:
        database.execute(f"UPDATE {FILES} SET content = x'c1'")
    database.close()
    assert store.select().runs == expected


def test_another_layout_is_never_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = store.select().runs
    monkeypatch.setattr(index, "FILES", "files_other")
    monkeypatch.setattr(index, "CONDITIONS", "conditions_other")
    assert store.select().runs == expected
    with sqlite3.connect(store.folder / NAME) as database:
        assert index.list_tables(database) == {"files_other", "conditions_other"}
    database.close()


def test_an_index_that_cannot_be_written_is_done_without(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder in the index's place: root may write anywhere, so permissions prove nothing.
    (store.folder / NAME).mkdir()
    assert ids(store) == ["aaaa00000001", "aaaa00000002"]


def test_a_locked_index_is_done_without(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ids(store)
    monkeypatch.setattr(index, "LOCK_SECONDS", 0.05)
    holder = sqlite3.connect(store.folder / NAME, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        store.save(make_record("aaaa00000003"))
        assert ids(store) == [*expected, "aaaa00000003"]
    finally:
        holder.close()
    assert ids(store) == [*expected, "aaaa00000003"]


def test_many_readers_and_writers_agree(tmp_path: Path) -> None:
    store = Store(tmp_path)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                store.save(make_record(f"cccc{number:04x}{step:04x}"))
                store.select()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.select().runs) == 30


def test_conditions_are_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(4):
        store.save(make_record(f"aaaa{number:08x}", round=number))
    runs = store.select().runs
    assert len(runs) == 4
    again = store.select().runs
    assert again == runs
    assert len({id(run.conditions) for run in again}) == 1
