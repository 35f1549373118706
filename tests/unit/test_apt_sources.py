from pathlib import Path

import pytest

from dlbench import apt_sources


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "etc/os-release", 'ID=debian\nVERSION_CODENAME="bookworm"\n')
    return tmp_path


def test_one_line_sources_are_read(root: Path) -> None:
    write(
        root,
        "etc/apt/sources.list",
        "# deb mirror:wrong bookworm main\n"
        "deb-src mirror:source bookworm main\n"
        "deb mirror:tools nodistro main\n"
        "deb [arch=amd64 signed-by=/k.gpg] mirror:right bookworm main contrib\n",
    )
    assert apt_sources.find_mirror(root) == "mirror:right"


def test_stanzas_are_read(root: Path) -> None:
    write(
        root,
        "etc/apt/sources.list.d/debian.sources",
        "Types: deb\nURIs: mirror:off\nSuites: bookworm\nComponents: main\nEnabled: no\n"
        "\n"
        "Types: deb deb-src\n# a comment\nURIs: mirror:right mirror:second\n"
        "Suites: bookworm\n bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN\n  key\n",
    )
    assert apt_sources.find_mirror(root) == "mirror:right"


def test_security_archive_is_not_taken_for_the_mirror(root: Path) -> None:
    write(root, "etc/apt/sources.list", "deb mirror:security bookworm-security main\n")
    assert apt_sources.find_mirror(root) == ""


def test_other_distributions_say_nothing(root: Path) -> None:
    write(root, "etc/apt/sources.list", "deb mirror:right bookworm main\n")
    write(root, "etc/os-release", "ID=ubuntu\nVERSION_CODENAME=bookworm\n")
    assert apt_sources.find_mirror(root) == ""


def test_bare_system_says_nothing(tmp_path: Path) -> None:
    assert apt_sources.find_mirror(tmp_path) == ""


def test_fetch_options_are_those_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "apt-config"
    program.write_text(
        "#!/bin/sh\ncat <<'X'\n"
        'Acquire::http "";\nAcquire::http::Proxy "proxy:3128";\nAcquire::https::CAInfo "/ca.pem";\n'
        'Acquire::http::Proxy::host "DIRECT";\nAcquire::Languages "none";\nX\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert apt_sources.find_fetch_options() == (
        'Acquire::http::Proxy "proxy:3128"',
        'Acquire::https::CAInfo "/ca.pem"',
        'Acquire::http::Proxy::host "DIRECT"',
    )


def test_without_apt_there_are_no_fetch_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert apt_sources.find_fetch_options() == ()
