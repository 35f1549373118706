from __future__ import annotations

import socket
from pathlib import Path

import pytest
from file_server import CONTENT, serving

from dlbench.download import download, trust
from dlbench.errors import DataError

#: A certificate of an authority that signs nothing.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUNOPma3q/dkST9AJkU5rV8l7roV0wCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNdGVzdHMuZXhhbXBsZTAgFw0yNjExMjIwNDA3NThaGA8yMTI2
MTAyOTA0MDc1OFowGDEWMBQGA1UEAwwNdGVzdHMuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABG0bdqrxj6udVAQo+0uRF8M7rZVNVpYGxi1ZuFGCwWZD
Svda9WKSpREBupe1cwdSVsx9N6hEq9XjkAk3kE18DN6jUzBRMB0GA1UdDgQWBBQk
4935fFhzvJv2436zoK7i5ACzrjAfBgNVHSMEGDAWgBQk4935fFhzvJv2436zoK7i
5ACzrjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDMNKrisFBO
oT+hTVueKVzEAlLWyxxplx3qbwuVbgHgDwIgVy1yUzYQwDTkWcBYdBsvkWIdpJ72
+DqzHjXBH+KCHX0=
-----END CERTIFICATE-----
"""


def test_a_file_comes_whole_and_says_how_far_it_is(tmp_path: Path) -> None:
    seen: list[int] = []
    with serving() as (_server, address):
        download(address, tmp_path / "file", seen.append)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    assert not (tmp_path / "file.part").exists()


def test_a_broken_transfer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(300_000, 700_000) as (server, address):
        download(address, tmp_path / "file", lambda _done: None)
        assert server.ranges == [None, "bytes=300000-", "bytes=700000-"]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_what_a_killed_process_left_is_used(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with serving() as (server, address):
        download(address, tmp_path / "file", lambda _done: None)
        assert server.ranges == ["bytes=1000-"]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_over(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with serving() as (server, address):
        server.knows_ranges = False
        download(address, tmp_path / "file", lambda _done: None)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    with serving() as (_server, address):
        download(address, tmp_path / "file", lambda _done: None)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_that_brings_nothing_new_is_given_up(tmp_path: Path) -> None:
    with serving(1000, 1000, 1000, 1000) as (server, address):
        with pytest.raises(DataError, match=r"broke off after 1000 of \d+ bytes"):
            download(address, tmp_path / "file", lambda _done: None)
        assert len(server.ranges) == 2
    assert (tmp_path / "file.part").stat().st_size == 1000


def test_a_refusal_is_explained(tmp_path: Path) -> None:
    with serving() as (server, address):
        server.status = 404
        with pytest.raises(DataError, match="the server answers 404"):
            download(address, tmp_path / "file", lambda _done: None)


def test_a_silent_host_is_left_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/file"
        with pytest.raises(DataError, match=r"no connection: .*timed out"):
            download(address, tmp_path / "file", lambda _done: None, silence_seconds=0.2)


def test_what_is_no_address_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no connection: "):
        download("nonsense", tmp_path / "file", lambda _done: None)


def test_certificates_that_the_user_names_are_trusted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    assert trust("http://plain.example") is None
    context = trust("https://safe.example")
    assert context is not None
    assert context.get_ca_certs() == []
    own = tmp_path / "own.pem"
    own.write_text(CERTIFICATE)
    monkeypatch.setenv("PIP_CERT", str(own))
    context = trust("https://safe.example")
    assert context is not None
    assert len(context.get_ca_certs()) == 1
