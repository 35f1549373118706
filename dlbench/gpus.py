"""NVIDIA devices as ``nvidia-smi`` lists them: what they are, and which processes use them.

Written against the program's documented output (``nvidia-smi --help-query-gpu``).
"""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

PROGRAM = "nvidia-smi"
ANSWER_SECONDS = 20.0

#: What the record keeps of a device, and what nvidia-smi calls it.
FIELDS = {
    "name": "name",
    "driver": "driver_version",
    "memory_mib": "memory.total",
    "power_limit_watts": "power.limit",
    "clock_mhz": "clocks.sm",
    "clock_limit_mhz": "clocks.max.sm",
    "temperature_celsius": "temperature.gpu",
    "compute_capability": "compute_cap",
    "mig": "mig.mode.current",
}


def read_gpus(program: str | None = None) -> tuple[dict[str, Any], ...]:
    """Return each device; none where there is no such program, or it lists none."""
    rows = query("gpu", list(FIELDS.values()), program)
    return tuple(
        {name: cell for name, cell in zip(FIELDS, row, strict=True) if is_known(cell)}
        for row in rows or ()
    )


def read_processes(program: str | None = None) -> frozenset[str] | None:
    """Return the ids of the processes that compute on a device; None where nobody can say."""
    rows = query("compute-apps", ["pid"], program)
    if rows is None:
        return None
    return frozenset(row[0] for row in rows if row[0].isdigit())


def query(what: str, fields: Sequence[str], program: str | None = None) -> list[list[str]] | None:
    """Ask for ``fields`` of every device or process; None where there is no answer."""
    found = program or shutil.which(PROGRAM)
    if found is None:
        return None
    command = [found, f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_rows(done.stdout, len(fields)) if done.returncode == 0 else None


def read_rows(text: str, columns: int) -> list[list[str]]:
    """Return the rows of ``text`` that have so many columns; what is no row is passed over."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    return [row for row in rows if len(row) == columns]


def is_known(cell: str) -> bool:
    """Whether a cell holds a value: what a device does not have is spelled ``[N/A]`` or alike."""
    return cell[:1] not in {"", "["} and cell != "N/A"


def read_value(cell: str) -> float | None:
    """Return the number in a cell, decimal or hexadecimal; None where it holds none."""
    if not is_known(cell):
        return None
    try:
        return int(cell, 16) if cell.startswith("0x") else float(cell)
    except ValueError:
        return None
