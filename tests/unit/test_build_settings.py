import os
from pathlib import Path

import pytest

from dlbench import build_settings
from dlbench.build_settings import BuildSettings, read_settings
from dlbench.errors import UsageError

LOCK = f"a==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.fixture(autouse=True)
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test sets is there."""
    proxies = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"}
    bundles = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}
    for name in list(os.environ):
        if name.startswith("PIP_") or name.upper() in proxies | bundles:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_nothing_set_gives_nothing() -> None:
    settings = read_settings(apt_mirror="")
    assert settings == BuildSettings()
    assert build_settings.secrets(settings, LOCK) == {"secrets/pip.conf": b"[global]\n"}


def test_files_are_overruled_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pip.conf"
    path.write_text("[global]\nindex_url = from-file\ntimeout = 60\n[install]\nretries = 9\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    monkeypatch.setenv("PIP_INDEX_URL", "from-environment")
    settings = read_settings()
    assert settings.pip == {"index-url": "from-environment", "timeout": "60", "retries": "9"}
    assert read_settings(index_url="given").pip["index-url"] == "given"


def test_user_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    folder = tmp_path / ".config/pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text("[global]\ntrusted-host = mine\n")
    assert read_settings().pip["trusted-host"] == "mine"


def test_broken_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pip.conf"
    path.write_text("no section\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    with pytest.raises(UsageError, match=r"pip\.conf"):
        read_settings()


def test_bundle_is_pips_before_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pip", "requests", "given"):
        (tmp_path / name).write_text(name)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "requests"))
    assert read_settings().ca_bundle == tmp_path / "requests"
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "pip"))
    assert read_settings().ca_bundle == tmp_path / "pip"
    assert read_settings(ca_bundle=tmp_path / "given").ca_bundle == tmp_path / "given"


def test_missing_bundle_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_settings(ca_bundle=tmp_path / "gone")


def test_secrets_carry_bundle_and_index(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_text("CA")
    settings = read_settings(ca_bundle=bundle, index_url="index")
    files = build_settings.secrets(settings, LOCK)
    assert files == {
        "secrets/ca.pem": bundle,
        "secrets/pip.conf": b"[global]\ncert = secrets/ca.pem\nindex-url = index\n",
    }


def test_only_locked_wheels_of_a_folder_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("a-1.0-py3-none-any.whl", "a-2.0-py3-none-any.whl", "b-1.0-py3-none-any.whl"):
        (folder / name).write_text("")
    (folder / "odd.whl").write_text("")
    monkeypatch.setenv("PIP_FIND_LINKS", f"https://page {folder}")
    settings = read_settings()
    files = build_settings.secrets(settings, LOCK)
    wheel = folder / "a-1.0-py3-none-any.whl"
    assert files["secrets/links/a-1.0-py3-none-any.whl"] == wheel
    assert files["secrets/pip.conf"] == b"[global]\nfind-links = https://page\n secrets/links\n"
    assert len(files) == 2
    by_address = BuildSettings(find_links=(folder.as_uri(),))
    assert list(build_settings.secrets(by_address, LOCK).values())[1] == wheel


def test_source_archives_of_a_folder_are_taken_too(tmp_path: Path) -> None:
    for name in ("a-1.0.tar.gz", "a-2.0.tar.gz", "notes.txt"):
        (tmp_path / name).write_text("")
    files = build_settings.secrets(BuildSettings(find_links=(str(tmp_path),)), LOCK)
    assert sorted(files) == ["secrets/links/a-1.0.tar.gz", "secrets/pip.conf"]


def test_proxies_are_taken_in_both_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    assert read_settings().proxies == {"https_proxy": "proxy:3128", "HTTPS_PROXY": "proxy:3128"}


def test_wheel_must_be_there_and_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_settings(wheels=[tmp_path / "a-1-py3-none-any.whl"])
    path = tmp_path / "a.whl"
    path.write_text("")
    with pytest.raises(UsageError, match="not the name of a wheel"):
        read_settings(wheels=[path])
