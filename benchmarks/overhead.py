"""What dlbench itself costs: ``python benchmarks/overhead.py [PART ...]``, every part by default.

Each part is a module ``overhead_<part>`` beside this one, whose ``main`` measures and prints; run
alone, a part takes options of its own.
"""

from __future__ import annotations

import importlib
import sys

#: part -> what it measures.
PARTS = {
    "worker": "seconds that the worker adds to a step",
    "docker": "a run beyond the worker's own wall time",
    "help": "dlbench --help beside an import of typer",
    "compare": "dlbench compare over ten thousand records",
    "sampler": "watching the machine during a run",
}


def main() -> None:
    """Measure the parts named on the command line."""
    chosen = sys.argv[1:] or list(PARTS)
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        sys.exit(f"unknown part {', '.join(unknown)}; parts: {', '.join(PARTS)}")
    sys.argv = sys.argv[:1]
    for part in chosen:
        print(f"== {part}: {PARTS[part]}", flush=True)
        importlib.import_module(f"overhead_{part}").main()


if __name__ == "__main__":
    main()
