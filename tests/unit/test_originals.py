from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import msgspec
import pytest
from tiny_dataset import FILES, declare, write_files

from dlbench.errors import DataError
from dlbench.originals import collect, open_members

WANTED = declare().files


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def make_tar(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(f"../outside/{name}.gz")
            packed = gzip.compress(content)
            member.size = len(packed)
            archive.addfile(member, io.BytesIO(packed))
    return path


def make_debian(path: Path, work: Path) -> Path:
    write_files(work / "usr/share/tiny", suffix=".gz")
    control = work / "DEBIAN" / "control"
    control.parent.mkdir()
    control.write_text(
        "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
        "Description: tiny\n"
    )
    subprocess.run(["dpkg-deb", "--build", str(work), str(path)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("kind", ["plain", "gzip", "folder", "tar", "debian"])
def test_files_are_found_in_whatever_holds_them(tmp_path: Path, kind: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    if kind in {"plain", "gzip"}:
        suffix = ".gz" if kind == "gzip" else ""
        paths = list(write_files(tmp_path / "files", suffix=suffix).iterdir())
    elif kind == "folder":
        paths = [write_files(tmp_path / "files" / "inner").parent]
    elif kind == "tar":
        paths = [make_tar(tmp_path / "files.tgz")]
    else:
        paths = [make_debian(tmp_path / "tiny.deb", tmp_path / "work")]
    assert collect(paths, WANTED, into) == {}
    assert contents(into) == FILES
    assert not (tmp_path / "outside").exists()


def test_a_file_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "files")
    (folder / "train-images").rename(folder / "a")
    into = tmp_path / "into"
    into.mkdir()
    assert collect([folder], WANTED, into) == {}
    assert contents(into) == FILES


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "files", suffix=".gz")
    (folder / "train-images.gz").write_bytes((folder / "train-images.gz").read_bytes()[:-9])
    (folder / "train-labels.gz").unlink()
    (folder / "test-labels.gz").write_bytes(b"<html>not here</html>")
    into = tmp_path / "into"
    into.mkdir()
    wrong = collect([folder], WANTED, into)
    assert wrong["train-images"].startswith("train-images is not whole")
    assert wrong["train-labels"] == "train-labels is missing"
    assert wrong["test-labels"].startswith("test-labels has sha256")
    assert "test-images" not in wrong


def test_a_gzip_file_that_grows_without_end_is_cut_off(tmp_path: Path) -> None:
    bomb = tmp_path / "train-images.gz"
    bomb.write_bytes(gzip.compress(bytes(50_000_000)))
    into = tmp_path / "into"
    into.mkdir()
    wrong = collect([bomb], WANTED, into)
    assert wrong["train-images"].startswith("train-images has sha256")
    assert not (into / "member.part").exists()


def test_a_broken_archive_is_explained(tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "files.tar.gz").read_bytes()
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"!<arch>\n" + whole)
    with pytest.raises(DataError, match=r"broken\.deb cannot be unpacked"):
        list(open_members(broken))
    with pytest.raises(DataError, match="nowhere does not exist"):
        list(open_members(tmp_path / "nowhere"))


def test_an_archive_that_is_cut_off_is_explained(tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "files.tgz").read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(DataError, match=r"cut\.tgz cannot be unpacked"):
        collect([tmp_path / "cut.tgz"], WANTED, into)


def test_an_md5_that_was_published_counts_too(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "files")
    into = tmp_path / "into"
    into.mkdir()
    md5 = hashlib.md5(FILES["train-labels"], usedforsecurity=False).hexdigest()
    file = WANTED["train-labels"]
    right = msgspec.structs.replace(file, md5=md5)
    assert collect([folder], {"train-labels": right}, into) == {}
    (into / "train-labels").unlink()
    wrong = msgspec.structs.replace(file, md5="0" * 32)
    assert set(collect([folder], {"train-labels": wrong}, into)) == {"train-labels"}
