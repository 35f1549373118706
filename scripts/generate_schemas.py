#!/usr/bin/env python3
"""Generate docs/schemas from the types of dlbench/job.py and dlbench/record.py.

scripts/generate_schemas.py           write the files
scripts/generate_schemas.py --check   say which are not current, and end with 1
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from dlbench.job import PROTOCOL, Event, Job, WorkerResult
from dlbench.record import SCHEMA, Record

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"

#: file -> type, and the title that states its version.
DOCUMENTS: dict[str, tuple[type, str]] = {
    "job.json": (Job, f"in/job.json, worker protocol {PROTOCOL}"),
    "event.json": (Event, f"a line of out/events.jsonl, worker protocol {PROTOCOL}"),
    "result.json": (WorkerResult, f"out/result.json, worker protocol {PROTOCOL}"),
    "record.json": (Record, f"a record, schema {SCHEMA}"),
}


def render(kind: type, title: str) -> str:
    """Return the JSON Schema of ``kind`` as the text of its file."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **msgspec.json.schema(kind),
    }
    return json.dumps(schema, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(arguments).check
    stale = []
    for name, (kind, title) in DOCUMENTS.items():
        path, text = FOLDER / name, render(kind, title)
        if path.is_file() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        print(("not current: " if check else "written: ") + ", ".join(stale))
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
