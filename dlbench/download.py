"""One file from an address: short time-outs, resumed where it broke off."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

#: How long a host may stay silent, while connecting or within a transfer.
SILENCE_SECONDS = 10.0

ATTEMPTS = 5
CHUNK_BYTES = 1 << 18

#: Where users name further certificates to trust; OpenSSL itself reads SSL_CERT_FILE.
CERTIFICATE_VARIABLES = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


class InterruptedTransferError(Exception):
    """The host stopped before everything had come."""


def download(
    address: str,
    to: Path,
    on_bytes: Callable[[int], None],
    *,
    silence_seconds: float = SILENCE_SECONDS,
) -> None:
    """Fetch ``address`` into the file ``to``, through ``<to>.part``.

    What an earlier attempt left in the ``.part`` file is kept, where the server can resume.
    ``on_bytes`` is told how many bytes are there so far.  Raises DataError with the reason.
    """
    part = to.with_name(to.name + ".part")
    for attempt in range(1, ATTEMPTS + 1):
        before_bytes = stored_bytes(part)
        try:
            transfer(address, part, on_bytes, silence_seconds)
        except InterruptedTransferError as error:
            # A transfer that brings nothing new will not do so the next time either.
            if attempt == ATTEMPTS or stored_bytes(part) <= before_bytes:
                raise DataError(str(error)) from error
        else:
            part.replace(to)
            return


def stored_bytes(part: Path) -> int:
    """Return the size of what is there already."""
    return part.stat().st_size if part.exists() else 0


def transfer(
    address: str, part: Path, on_bytes: Callable[[int], None], silence_seconds: float
) -> None:
    """Append to ``part`` what is missing of ``address``, or write it anew."""
    done_bytes = stored_bytes(part)
    response = open_address(address, done_bytes, silence_seconds)
    if response is None:
        part.unlink()
        done_bytes = 0
        response = open_address(address, 0, silence_seconds)
    with response:
        resumed = getattr(response, "status", None) == 206
        done_bytes = done_bytes if resumed else 0
        length = response.headers.get("Content-Length")
        total_bytes = done_bytes + int(length) if length else None
        with part.open("ab" if resumed else "wb") as copy:
            while chunk := read_chunk(response):
                done_bytes += copy.write(chunk)
                on_bytes(done_bytes)
    if total_bytes is not None and done_bytes < total_bytes:
        raise InterruptedTransferError(f"broke off after {done_bytes} of {total_bytes} bytes")


def open_address(address: str, start_byte: int, silence_seconds: float) -> Any:
    """Open an address from a byte on; None where the server has nothing beyond it."""
    headers = {"User-Agent": "dlbench"}
    if start_byte:
        headers["Range"] = f"bytes={start_byte}-"
    try:
        request = urllib.request.Request(address, headers=headers)
        return urllib.request.urlopen(request, timeout=silence_seconds, context=trust(address))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start_byte:
            return None
        raise DataError(f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DataError(f"no connection: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(f"no connection: {error}") from error


def read_chunk(response: Any) -> bytes:
    """Read on; a host that falls silent or hangs up interrupts the transfer."""
    try:
        chunk: bytes = response.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise InterruptedTransferError(f"broke off: {error or type(error).__name__}") from error
    else:
        return chunk


def trust(address: str) -> ssl.SSLContext | None:
    """Return what to trust: the system's certificates, and those that the environment names.

    Loading them takes a while, so an address that needs none gets None.
    """
    if not address.startswith("https:"):
        return None
    context = ssl.create_default_context()
    named = {os.environ.get(variable, "") for variable in CERTIFICATE_VARIABLES}
    for bundle in named - {"", os.environ.get("SSL_CERT_FILE", "")}:
        if Path(bundle).is_file():
            context.load_verify_locations(bundle)
    return context
