"""Compares what a user sees with the files in tests/golden.

``UPDATE_GOLDEN=1`` writes them anew; the difference is then for a person to read.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def check_golden(name: str, text: str) -> None:
    """Assert that ``text`` is what the golden file ``name`` holds."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
