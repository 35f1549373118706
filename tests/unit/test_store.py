from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path

import msgspec
import pytest
from records import each, make_cell, make_failure, make_phases, make_record, make_result

from dlbench.errors import StoreError, UnknownNameError
from dlbench.record import SCHEMA
from dlbench.store import RecordError, Store, decode_record, encode_record, name_file


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def kinds(store: Store) -> dict[str, str]:
    return {one.path: one.kind for one in store.select().unreadable}


def test_a_record_comes_back_as_it_was(store: Store) -> None:
    record = make_record()
    path = store.save(record)
    assert path.relative_to(store.folder) == Path(
        "tiny", "torch", "20261101T100000Z-aaaa00000001.json"
    )
    assert store.load("aaaa00000001") == record
    assert list(store.read(["aaaa00000001"])) == [record]


def test_numbers_that_are_not_finite_stay_spelled(store: Store) -> None:
    phases = make_phases(loss=each("loss", [2.3, "nan", "inf"], "1"))
    path = store.save(make_record(result=make_result(phases)))
    result = store.load("aaaa").result
    assert result is not None
    assert next(phase for phase in result.phases if phase.name == "loss").values == [
        2.3, "nan", "inf",
    ]  # fmt: skip
    assert '"nan"' in path.read_text()


def test_nothing_is_parsed_from_a_path(store: Store) -> None:
    path = store.save(make_record())
    moved = store.folder / "elsewhere" / "what.json"
    moved.parent.mkdir()
    path.rename(moved)
    assert store.locate("aaaa") == moved
    assert [run.cell.scenario for run in store.select(["tiny"]).runs] == ["tiny"]


def test_names_cannot_lead_out_of_the_folder() -> None:
    cell = make_cell(framework="../../etc", scenario="..", image_id="x-1")
    path = name_file(make_record("bad/../id", cell=cell))
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert len(path.parts) == 3


def test_an_existing_record_is_never_replaced(store: Store) -> None:
    path = store.save(make_record())
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        store.save(make_record(round=2))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "empty", "empty"),
        (b"\n\n", "empty", "empty"),
        (b"\0" * 4096, "empty", "empty"),
        (b"{", "corrupt", "no record"),
        (b"\xff\xfe", "corrupt", "no record"),
        (b"[1, 2]", "corrupt", "no record"),
        (b'{"tables": []}', "corrupt", "schema"),
        (b'{"schema": 999, "whatever": 1}', "too new", "newer dlbench made it; update"),
        (b'{"schema": 0}', "too old", "older dlbench"),
        (b'{"schema": 1, "run_id": "x"}', "corrupt", "required field"),
    ],
)
def test_files_that_are_no_records_are_named_and_skipped(
    store: Store, content: bytes, kind: str, words: str
) -> None:
    store.save(make_record())
    (store.folder / "odd.json").write_bytes(content)
    selection = store.select()
    assert [run.run_id for run in selection.runs] == ["aaaa00000001"]
    assert [(one.path, one.kind) for one in selection.unreadable] == [("odd.json", kind)]
    assert words in selection.unreadable[0].reason
    # And the same from the index.
    assert store.select().unreadable == selection.unreadable


def test_a_truncated_record_is_corrupt(store: Store) -> None:
    path = store.save(make_record())
    path.write_bytes(path.read_bytes()[:-400])
    assert kinds(store) == {"tiny/torch/20261101T100000Z-aaaa00000001.json": "corrupt"}
    with pytest.raises(UnknownNameError):
        store.load("aaaa")


def test_keys_of_a_later_dlbench_of_this_schema_are_ignored() -> None:
    tree = json.loads(encode_record(make_record()))
    tree["further"] = {"key": 1}
    assert decode_record(json.dumps(tree).encode()) == make_record()


def test_the_schema_is_checked_before_anything_else() -> None:
    tree = msgspec.to_builtins(make_record()) | {"schema": SCHEMA + 1, "run_id": 7}
    with pytest.raises(RecordError) as caught:
        decode_record(msgspec.json.encode(tree), "x.json")
    assert caught.value.unreadable.kind == "too new"


def test_a_copy_counts_once(store: Store) -> None:
    path = store.save(make_record())
    (store.folder / "z-copy.json").write_bytes(path.read_bytes())
    assert len(store.select().runs) == 1
    assert kinds(store) == {"z-copy.json": "duplicate"}


def test_parts_and_hidden_files_are_no_records(store: Store) -> None:
    path = store.save(make_record())
    path.with_name(".x.json.1.part").write_text("{")
    path.with_name(".hidden.json").write_text("{")
    (store.folder / "notes.txt").write_text("x")
    assert kinds(store) == {}


def test_a_folder_that_does_not_exist_has_no_records(store: Store) -> None:
    assert store.select().runs == []
    assert not store.folder.exists()


def test_a_file_in_the_folders_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    store = Store(tmp_path / "results")
    with pytest.raises(StoreError, match="cannot read the results folder"):
        store.select()
    with pytest.raises(StoreError, match="cannot write to the results folder"):
        store.check_writable()


def test_what_cannot_be_written_is_put_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(StoreError, match="cannot write") as caught:
        Store(tmp_path / "results").save(make_record())
    rescued = tmp_path / "temporary" / "dlbench-unsaved" / "20261101T100000Z-aaaa00000001.json"
    assert str(rescued) in caught.value.hint
    assert "dlbench results import" in caught.value.hint
    assert decode_record(rescued.read_bytes()) == make_record()


def test_a_full_disk_leaves_no_half_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        store.save(make_record())
    assert "nor in" in caught.value.hint
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_check_writable_leaves_nothing_behind(store: Store) -> None:
    store.check_writable()
    assert list(store.folder.iterdir()) == []


def test_a_run_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    store.save(make_record("abcd00000001"))
    store.save(make_record("abce00000001", started="2026-11-02T10:00:00+00:00"))
    assert store.load("abcd").run_id == "abcd00000001"
    assert store.load("last").run_id == "abce00000001"
    with pytest.raises(UnknownNameError, match="not unique") as caught:
        store.load("abc")
    assert "abcd00000001, abce00000001" in caught.value.hint
    with pytest.raises(UnknownNameError, match="there is no run 'ffff'"):
        store.load("ffff")


@pytest.fixture
def several(store: Store) -> Store:
    store.save(make_record("aaaa00000001", cell=make_cell("torch")))
    store.save(make_record("bbbb00000002", cell=make_cell("tensorflow"), campaign="c002"))
    store.save(make_failure("cccc00000003", cell=make_cell("torch", scenario="vgg16")))
    return store


@pytest.mark.parametrize(
    ("terms", "chosen", "by_run"),
    [
        ([], "abc", False),
        (["tiny"], "ab", False),
        (["torch"], "ac", False),
        (["tiny", "torch"], "a", False),
        (["torch", "tensorflow"], "abc", False),
        (["vgg*"], "c", False),
        (["t*"], "ab", False),
        (["torch-2.13.0"], "ac", False),
        (["2026"], "abc", False),
        (["tiny/t*"], "ab", False),
        (["c002"], "b", False),
        (["aaaa"], "a", True),
        (["aaaa", "cccc00000003"], "ac", True),
        (["last"], "c", True),
        (["aaaa", "vgg16"], "ac", True),
    ],
)
def test_terms_narrow_down_and_add_up(
    several: Store, terms: list[str], chosen: str, by_run: bool
) -> None:
    selection = several.select(terms)
    assert "".join(run.run_id[0] for run in selection.runs) == chosen
    assert selection.by_run == by_run


def test_a_term_that_names_nothing_is_an_error(several: Store) -> None:
    with pytest.raises(UnknownNameError, match="no record matches 'vg16'") as caught:
        several.select(["vg16"])
    assert "did you mean 'vgg16'?" in caught.value.hint
    with pytest.raises(UnknownNameError):
        several.select(["aaa"])
