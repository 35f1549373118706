import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from dlbench import context
from dlbench.engine import BaseRecipe, Recipe
from dlbench.errors import ImageError

FILES = {"Dockerfile": b"FROM x\n", "verify": b"print()\n", "folder/data": b"\0\1"}


def make_recipe(**changes: object) -> Recipe:
    base = BaseRecipe(name="b", tag="t", suite="s", packages=(), digest="d")
    values: dict[str, object] = {
        "image_id": "i",
        "device": "cpu",
        "tag": "t",
        "digest": "d",
        "base": base,
        "context": context.pack(FILES),
        "requirements": "",
        "python_version": "3.11",
        "python": "python",
        "verify": (),
    }
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]


def test_same_files_are_the_same_bytes() -> None:
    assert context.pack(FILES) == context.pack(dict(reversed(FILES.items())))


def test_no_owner_and_no_time_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "context.tar"
    path.write_bytes(context.pack(FILES))
    with tarfile.open(path) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == sorted(FILES)
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {
        (0, 0, "", "")
    }
    assert {entry.mtime for entry in entries} == {0}
    assert {entry.name: oct(entry.mode) for entry in entries} == {
        "Dockerfile": "0o644",
        "folder/data": "0o644",
        "verify": "0o755",
    }


@pytest.mark.parametrize("name", sorted(FILES))
def test_any_byte_changes_the_digest(name: str) -> None:
    before = context.digest_of(context.pack(FILES))
    content = FILES[name]
    for at in range(len(content)):
        changed = bytes([*content[:at], content[at] ^ 1, *content[at + 1 :]])
        assert context.digest_of(context.pack({**FILES, name: changed})) != before


def test_unpack_gives_the_files_back(tmp_path: Path) -> None:
    context.unpack(io.BytesIO(context.pack(FILES)), tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES


def test_complete_adds_secrets_and_wheels(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    bundle = tmp_path / "bundle"
    bundle.write_bytes(b"CA")
    recipe = make_recipe(
        secrets={"secrets/ca.pem": bundle, "secrets/pip.conf": b"[global]\n"}, wheels=(wheel,)
    )
    with context.complete(recipe) as file, tarfile.open(fileobj=file) as archive:
        found = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    assert found == {
        **FILES,
        "secrets/ca.pem": b"CA",
        "secrets/pip.conf": b"[global]\n",
        f"wheels/{wheel.name}": b"wheel",
    }


def test_complete_has_a_pip_conf_without_any_secret() -> None:
    with context.complete(make_recipe()) as file, tarfile.open(fileobj=file) as archive:
        assert "secrets/pip.conf" in archive.getnames()


def test_wheel_is_described_by_name_and_content(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    sha256 = hashlib.sha256(b"wheel").hexdigest()
    assert context.describe_wheel(wheel) == f"{wheel.name} sha256:{sha256}\n"


def test_vanished_secret_is_explained(tmp_path: Path) -> None:
    recipe = make_recipe(secrets={"secrets/ca.pem": tmp_path / "gone"})
    with pytest.raises(ImageError, match="build context of i cannot be written"):
        context.complete(recipe)


def test_inventory_is_read_from_the_last_line() -> None:
    text = 'noise\n{"packages": {"a": "1"}, "system_packages": {"b": "2"}}\n'
    assert context.read_inventory(text) == ({"a": "1"}, {"b": "2"})


@pytest.mark.parametrize("text", ["", "noise", "[]", '{"packages": {}}'])
def test_unreadable_inventory_is_an_error(text: str) -> None:
    with pytest.raises(ImageError, match="inventory"):
        context.read_inventory(text)
