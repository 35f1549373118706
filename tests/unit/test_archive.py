from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from records import FILE_TEXT, make_failure, make_record

from dlbench.archive import MANIFEST, import_archive, write_archive
from dlbench.errors import StoreError
from dlbench.record import Record
from dlbench.store import Store, encode_record

RECORDS = [make_record("aaaa00000001"), make_failure("aaaa00000002", detail="no /home/alice/x")]


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images" / "torch-2.13.0"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM base\n")
    (folder / "requirements.txt").write_text("torch==2.13.0 --hash=sha256:00\n")
    (folder / "lock.json").write_text("{}")
    (folder / "own.whl").write_bytes(b"x" * (2 * 2**20))
    return folder


def export(path: Path, folder: Path, records: Sequence[Record] = RECORDS) -> Path:
    write_archive(path, lambda: records, {"torch-2.13.0": folder})
    return path


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def manifest(**changes: object) -> bytes:
    return json.dumps({"format": 1, "records": 1} | changes).encode()


def test_records_go_there_and_come_back_redacted(tmp_path: Path, image_folder: Path) -> None:
    archive = export(tmp_path / "out.tar.gz", image_folder)
    store = Store(tmp_path / "other")
    taken = import_archive(archive, store)
    assert len(taken.saved) == 2
    assert taken.present == ()
    assert store.select().unreadable == ()
    back = store.load("aaaa00000001")
    assert back.environment.host == "host-aaaa00"
    assert back.result == RECORDS[0].result
    assert back.job == RECORDS[0].job
    assert store.load("aaaa00000002").outcome.detail == "no <path>"
    assert taken.extras is not None
    kept = {path.relative_to(taken.extras).as_posix() for path in taken.extras.rglob("*.*")}
    scenario = f"scenarios/tiny-{RECORDS[0].scenario.digest[:12]}.yaml"
    assert {
        scenario,
        "images/torch-2.13.0/requirements.txt",
        "images/torch-2.13.0/lock.json",
    } <= kept
    assert (taken.extras / scenario).read_text() == FILE_TEXT
    assert not any(name.endswith(".whl") for name in kept)


def test_the_manifest_says_what_is_inside(tmp_path: Path, image_folder: Path) -> None:
    found = write_archive(tmp_path / "a.tar.gz", lambda: RECORDS, {"torch-2.13.0": image_folder})
    assert (found.records, found.images) == (2, ("torch-2.13.0",))
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        member = archive.extractfile(MANIFEST)
        assert member is not None
        assert json.loads(member.read())["records"] == 2


def test_the_same_records_give_the_same_bytes(tmp_path: Path, image_folder: Path) -> None:
    first = export(tmp_path / "a.tar.gz", image_folder)
    (image_folder / "Dockerfile").touch()
    second = export(tmp_path / "b.tar.gz", image_folder)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        for member in archive:
            assert (member.uid, member.gid, member.mtime, member.uname) == (0, 0, 0, "")


def test_an_archive_is_never_overwritten(tmp_path: Path, image_folder: Path) -> None:
    archive = export(tmp_path / "a.tar.gz", image_folder)
    before = archive.read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        export(archive, image_folder)
    assert archive.read_bytes() == before


def test_importing_twice_adds_nothing(tmp_path: Path, image_folder: Path) -> None:
    archive = export(tmp_path / "a.tar.gz", image_folder)
    store = Store(tmp_path / "other")
    import_archive(archive, store)
    before = {path: path.read_bytes() for path in store.folder.rglob("*.json")}
    again = import_archive(archive, store)
    assert again.saved == ()
    assert sorted(again.present) == ["aaaa00000001", "aaaa00000002"]
    assert {path: path.read_bytes() for path in store.folder.rglob("*.json")} == before


def test_importing_does_not_replace_the_original(tmp_path: Path, image_folder: Path) -> None:
    store = Store(tmp_path / "own")
    store.save(RECORDS[0])
    taken = import_archive(export(tmp_path / "a.tar.gz", image_folder), store)
    assert taken.present == ("aaaa00000001",)
    assert store.load("aaaa00000001") == RECORDS[0]


def test_a_single_record_can_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "rescued.json"
    path.write_bytes(encode_record(RECORDS[0]))
    store = Store(tmp_path / "own")
    assert len(import_archive(path, store).saved) == 1
    assert store.load("aaaa") == RECORDS[0]


def test_one_bad_record_stops_everything(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.tar.gz",
        {
            MANIFEST: manifest(),
            "records/a.json": encode_record(RECORDS[0]),
            "records/b.json": b'{"schema": 2}',
        },
    )
    store = Store(tmp_path / "own")
    with pytest.raises(StoreError, match=r"records/b\.json is too new") as caught:
        import_archive(path, store)
    assert caught.value.hint == "nothing was imported"
    assert not store.folder.exists()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"records/a.json": encode_record(RECORDS[0])}, "has no manifest.json"),
        ({MANIFEST: b"{}"}, "is no archive of dlbench"),
        ({MANIFEST: manifest(format=2)}, "has format 2, this dlbench reads 1"),
        ({MANIFEST: manifest(), "records/a.json": b"{"}, "is corrupt"),
        ({MANIFEST: manifest(), "records/a.json": b""}, "is empty"),
    ],
)
def test_what_is_no_archive_of_this_version_is_refused(
    tmp_path: Path, members: Mapping[str, bytes], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        import_archive(pack(tmp_path / "a.tar.gz", members), Store(tmp_path / "own"))


@pytest.mark.parametrize("content", [b"", b"hello", gzip.compress(b"hello"), b"\x1f\x8b\x08"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged or no archive"):
        import_archive(path, Store(tmp_path / "own"))


def test_a_cut_archive_is_refused(tmp_path: Path, image_folder: Path) -> None:
    path = export(tmp_path / "a.tar.gz", image_folder)
    whole = path.read_bytes()
    for length in [*range(10, len(whole), len(whole) // 15), len(whole) - 9, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError):
            import_archive(path, Store(tmp_path / "own"))
    assert not list((tmp_path / "own").rglob("*.json"))


def test_a_missing_archive_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        import_archive(tmp_path / "none.tar.gz", Store(tmp_path / "own"))


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("records/x.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(StoreError, match="does not belong"):
        import_archive(path, Store(tmp_path / "own"))


def test_names_in_an_archive_cannot_lead_out(tmp_path: Path) -> None:
    path = pack(
        tmp_path / "a.tar.gz",
        {
            MANIFEST: manifest(),
            "records/../../../evil.json": encode_record(RECORDS[0]),
            "scenarios/../../../../evil.yaml": b"x",
            "images//etc/evil": b"x",
            "/evil": b"x",
        },
    )
    store = Store(tmp_path / "deep" / "own")
    assert len(import_archive(path, store).saved) == 1
    assert [path.name for path in tmp_path.rglob("evil*")] == []
