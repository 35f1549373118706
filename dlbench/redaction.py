"""Redaction: a record that can be given away, without host name, user names, paths and addresses.

What the run was and measured stays as it is.  Replaced are

- the host's name, by one that is equal for all runs of that host in one archive;
- user names, known ones and those that home folders give away, in free text;
- absolute paths of the host, by ``<path>`` and the file's name; inside an environment also by what
  follows ``site-packages``, which a traceback is of no use without;
- addresses with a scheme, in free text and wherever they carry a password;
- serial numbers of devices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from dlbench.record import Record

#: Folders that are alike on every system or belong to an image, and so give nobody away.
PUBLIC = (
    "/usr/", "/opt/venv/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/etc/", "/proc/", "/sys/",
    "/dev/",
)  # fmt: skip

#: Parts of a record that name things and hold no free text: they are never touched.
IDENTITY = frozenset({
    "cell",
    "run_id",
    "campaign",
    "started",
    "task",
    "phases",
    "packages",
    "system_packages",
})

#: Keys whose value identifies one device.
SERIAL = frozenset({"uuid", "serial", "serial_number", "pci_bus_id", "mac"})

#: Shorter names would take ordinary words with them.
SHORTEST_NAME = 3

#: Account names that are alike everywhere.
PUBLIC_NAMES = frozenset({"root", "nobody", "user", "app", "runner", "ubuntu", "debian"})

_HOME = re.compile(r"(?:/home|/Users|/var/home|/export/home)/([^/\s'\":]+)")
_PRIVATE = re.compile(
    r"(?:/home|/Users|/var/home|/export/home|/root|/tmp|/mnt|/media|/srv)\b[\w.+@%~/-]*"
)
_QUOTED_PATH = re.compile(r"(?<=\")/[^\"\n]+(?=\")|(?<=')/[^'\n]+(?=')")
_PATH = re.compile(r"(?<![\w/.>])(?:~[\w.-]*)?/(?:[\w.+@%~-]+/)*[\w.+@%~-]{2,}/?")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]+://[^\s'\"<>]+", re.IGNORECASE)
_CREDENTIALS = re.compile(r"\b[a-z][a-z0-9+.-]+://[^\s/@'\"]+@[^\s'\"<>]+", re.IGNORECASE)


class Secrets(Struct, frozen=True, kw_only=True):
    """What must not be seen: names of hosts with what stands for each, users, and folders."""

    hosts: dict[str, str]
    users: tuple[str, ...] = ()
    #: Folders known to be private, whatever they look like.
    folders: tuple[str, ...] = ()


def find_secrets(
    records: Iterable[Record], *, users: Iterable[str] = (), folders: Iterable[str] = ()
) -> Secrets:
    """Gather what ``records`` give away; ``users`` and ``folders`` are known besides.

    A host is called after the least run id it has in ``records``, which says nothing of it and
    keeps two people's hosts apart.
    """
    first_runs: dict[str, str] = {}
    found = set(users)
    for record in records:
        host, run_id = record.environment.host, record.run_id
        first_runs[host] = min(run_id, first_runs.get(host, run_id))
        found.update(_HOME.findall(msgspec.json.encode(record).decode()))
    names = {name for name in found if len(name) >= SHORTEST_NAME and name not in PUBLIC_NAMES}
    return Secrets(
        hosts={host: f"host-{run_id[:6]}" for host, run_id in first_runs.items()},
        users=longest_first(names),
        folders=longest_first(folder for folder in folders if folder.count("/") > 1),
    )


def longest_first(names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` so that none is replaced before one that contains it."""
    return tuple(sorted(set(names), key=lambda name: (-len(name), name)))


def redact(record: Record, secrets: Secrets) -> Record:
    """Return ``record`` without what ``secrets`` names and without the host's paths."""
    tree = msgspec.to_builtins(record)
    clean = redact_tree(tree, secrets)
    # A scenario is text for people and programs: its addresses cite sources and stay.
    clean["scenario"] = tree["scenario"] | {
        "file_text": redact_text(tree["scenario"]["file_text"], secrets, addresses=False)
    }
    program, *arguments = record.provenance.command_line or ("",)
    clean["provenance"]["command_line"] = [
        redact_text(program.rpartition("/")[2], secrets),
        *(redact_argument(argument, secrets) for argument in arguments),
    ]
    host = record.environment.host
    clean["environment"]["host"] = secrets.hosts.get(host, host)
    return msgspec.convert(clean, Record)


def redact_tree(value: Any, secrets: Secrets) -> Any:
    """Return a JSON value with every string outside of ``IDENTITY`` redacted."""
    if isinstance(value, str):
        return redact_text(value, secrets)
    if isinstance(value, dict):
        return {key: redact_item(key, item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_tree(item, secrets) for item in value]
    return value


def redact_item(key: str, value: Any, secrets: Secrets) -> Any:
    """Return one value of a JSON object redacted, as its key demands."""
    if key in IDENTITY:
        return value
    if key.lower() in SERIAL and isinstance(value, str):
        return "<serial>"
    return redact_tree(value, secrets)


def redact_text(text: str, secrets: Secrets, *, addresses: bool = True) -> str:
    """Return ``text`` without addresses, private folders, paths, hosts and users."""
    text = (_ADDRESS if addresses else _CREDENTIALS).sub("<address>", text)
    for folder in secrets.folders:
        text = re.sub(re.escape(folder) + r"[^\s'\",:;]*", replace_path, text)
    text = _PRIVATE.sub(replace_path, _QUOTED_PATH.sub(replace_path, text))
    if addresses:
        text = _PATH.sub(replace_path, text)
    for host, substitute in secrets.hosts.items():
        text = replace_word(text, host, substitute)
    for user in secrets.users:
        text = replace_word(text, user, "<user>")
    return text


def redact_argument(argument: str, secrets: Secrets) -> str:
    """Return one argument of a command line; relative paths in it give folders away too."""
    option, equals, value = argument.partition("=")
    whole = value if equals and option.startswith("-") else argument
    is_path = "/" in whole and "://" not in whole and not whole.startswith(PUBLIC)
    clean = redact_text(shorten_path(whole) if is_path else whole, secrets)
    return f"{option}={clean}" if whole is not argument else clean


def replace_path(match: re.Match[str]) -> str:
    """Return what stands for a path: itself where it is public."""
    path = match.group()
    return path if f"{path}/".startswith(PUBLIC) else shorten_path(path)


def shorten_path(path: str) -> str:
    """Return ``<path>`` and the part of ``path`` that may be seen: a file, or a module."""
    _, packages, module = path.rpartition("/site-packages/")
    if packages:
        return f"<path>/site-packages/{module}"
    name = path.rpartition("/")[2]
    return f"<path>/{name}" if "." in name.strip(".") else "<path>"


def replace_word(text: str, word: str, substitute: str) -> str:
    """Replace ``word`` where it stands alone."""
    if len(word) < SHORTEST_NAME:
        return text
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", substitute, text)
