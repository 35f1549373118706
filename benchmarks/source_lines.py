"""Source lines of the hand-written scripts: what a framework asks of its users to write.

    python benchmarks/source_lines.py            counts, and says where the kept counts differ
    python benchmarks/source_lines.py --write    writes the kept counts anew

The counts are kept in studies/source_lines.yaml, with the rule; pygount counts.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "studies" / "source_lines.yaml"


def read_kept() -> dict[str, Any]:
    """Return what is kept: rule, tool, and a row for each script."""
    found: dict[str, Any] = yaml.safe_load(KEPT.read_text(encoding="utf-8"))
    return found


def count_lines(script: Path) -> int:
    """Return the lines of a script that hold code or data: no blank, comment or docstring."""
    from pygount import SourceAnalysis

    return int(SourceAnalysis.from_file(str(script), "scripts").source_count)


def name_tool() -> str:
    """Return the counter with its version."""
    from pygount import __version__

    return f"pygount {__version__}"


def recount(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept with every script counted again, by the tool that is installed."""
    rows = [row | {"lines": count_lines(ROOT / row["file"])} for row in kept["scripts"]]
    return kept | {"tool": name_tool(), "scripts": rows}


def write(counted: dict[str, Any]) -> None:
    """Write the tool and every count into the file, and leave the rest of it as it is."""
    text = KEPT.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^tool: .*$", f"tool: {counted['tool']}", text)
    for row in counted["scripts"]:
        place = re.escape(f"file: {row['file']}")
        text = re.sub(rf"({place}\n +lines: )\d+", rf"\g<1>{row['lines']}", text)
    KEPT.write_text(text, encoding="utf-8")


def main() -> None:
    """Count, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    kept = read_kept()
    counted = recount(kept)
    if given.write:
        write(counted)
    print(counted["tool"])
    for row, was in zip(counted["scripts"], kept["scripts"], strict=True):
        note = "" if row["lines"] == was["lines"] else f"  (kept: {was['lines']})"
        print(f"{row['lines']:4}  {row['file']}{note}")


if __name__ == "__main__":
    main()
