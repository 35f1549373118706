import textwrap
from pathlib import Path

import pytest

from dlbench import bases
from dlbench.errors import ImageError, UnknownNameError

STATUS = textwrap.dedent("""\
    Package: adduser
    Status: install ok installed
    Version: 3.134
    Description: add users
     Version: 9 is not a field

    Package: gone
    Status: deinstall ok config-files
    Version: 1.0

    Package: bash
    Status: install ok installed
    Version: 5.2.15-2+b13
    """)


@pytest.fixture
def images_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images/bases/tiny"
    folder.mkdir(parents=True)
    (folder / "base.yaml").write_text(
        "summary: s\nsuite: bookworm\ninstall: i\npackages: [b, a]\nenvironment: {HOME: /tmp}\n"
    )
    (folder / "packages.lock").write_text("# comment\nadduser 3.134\nbash 5\n")
    return tmp_path / "images"


def fake_mmdebstrap(folder: Path, body: str) -> None:
    program = folder / "mmdebstrap"
    program.write_text("#!/bin/sh\n" + body)
    program.chmod(0o755)


def test_status_names_what_is_installed() -> None:
    assert bases.parse_status(STATUS) == {"adduser": "3.134", "bash": "5.2.15-2+b13"}


def test_lock_is_read_as_it_was_written() -> None:
    packages = {"b": "1:2-3", "a": "1.0+b1"}
    assert bases.parse_lock(bases.format_lock(packages)) == packages


def test_differences_are_sentences() -> None:
    found = list(bases.differences({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}))
    assert found == ["b is 2, locked 1", "c 1 is missing", "d 1 is not in the lock"]


def test_base_is_read(images_folder: Path) -> None:
    base = bases.load_base(images_folder, "tiny", mirror="here")
    assert base.packages == ("a", "b")
    assert base.lock == {"adduser": "3.134", "bash": "5"}
    assert base.environment == {"HOME": "/tmp"}
    assert base.tag == f"dlbench/base-tiny:{base.digest[:12]}"
    assert base.mirror == "here"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("base.yaml", "bookworm", "trixie"),
        ("base.yaml", "[b, a]", "[b, a, c]"),
        ("base.yaml", "/tmp", "/"),
        ("packages.lock", "bash 5", "bash 6"),
    ],
)
def test_digest_covers_what_the_base_is(images_folder: Path, name: str, old: str, new: str) -> None:
    before = bases.load_base(images_folder, "tiny")
    path = images_folder / "bases/tiny" / name
    path.write_text(path.read_text().replace(old, new))
    assert bases.load_base(images_folder, "tiny").digest != before.digest


def test_digest_ignores_the_mirror_and_prose(images_folder: Path) -> None:
    before = bases.load_base(images_folder, "tiny")
    path = images_folder / "bases/tiny/base.yaml"
    path.write_text(path.read_text().replace("summary: s", "summary: other"))
    after = bases.load_base(images_folder, "tiny", mirror="m", apt_options=("x",))
    assert after.digest == before.digest


def test_unknown_base_names_the_nearest(images_folder: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        bases.load_base(images_folder, "tinny")
    assert "did you mean 'tiny'?" in caught.value.hint


def test_wrong_key_names_file_and_key(images_folder: Path) -> None:
    path = images_folder / "bases/tiny/base.yaml"
    path.write_text(path.read_text() + "sweet: 1\n")
    with pytest.raises(ImageError, match=r"base\.yaml.*sweet"):
        bases.load_base(images_folder, "tiny")


def test_bootstrap_streams_and_compares(
    images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "wanted"
    status.write_text(STATUS)
    fake_mmdebstrap(
        tmp_path,
        f"""
        printf '%s\\n' "$@" > {tmp_path}/arguments
        for word in "$@"; do case $word in *download*) cp {status} "${{word##* }}";; esac; done
        echo 'I: done' >&2
        printf tarball
        """,
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    base = bases.load_base(images_folder, "tiny", mirror="place", apt_options=('Proxy "p"',))
    lines: list[str] = []
    with bases.bootstrap(base, lines.append) as made:
        assert made.stream.read() == b"tarball"
    assert made.packages == {"adduser": "3.134", "bash": "5.2.15-2+b13"}
    assert made.differences == ("bash is 5.2.15-2+b13, locked 5",)
    assert lines == ["I: done", f"base tiny differs from its lock: {made.differences[0]}"]
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[-3:] == ["bookworm", "-", "place"]
    assert '--aptopt=Proxy "p"' in arguments
    assert "--include=a,b" in arguments


def test_failed_bootstrap_shows_the_last_lines(
    images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_mmdebstrap(tmp_path, "echo 'E: no such suite' >&2; exit 25")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    base = bases.load_base(images_folder, "tiny")
    with (
        pytest.raises(ImageError, match=r"exit 25.*\n.*E: no such suite"),
        bases.bootstrap(base, lambda _: None) as made,
    ):
        made.stream.read()


def test_abandoned_bootstrap_leaves_no_process(
    images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_mmdebstrap(tmp_path, f"echo $$ > {tmp_path}/pid; echo started; exec sleep 600")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    base = bases.load_base(images_folder, "tiny")

    def abandon() -> None:
        with bases.bootstrap(base, lambda _: None) as made:
            made.stream.readline()
            raise KeyError

    with pytest.raises(KeyError):
        abandon()
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_missing_mmdebstrap_says_what_to_install(
    images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(ImageError) as caught,
        bases.bootstrap(bases.load_base(images_folder, "tiny"), lambda _: None),
    ):
        pass
    assert "apt-get install mmdebstrap" in caught.value.hint
